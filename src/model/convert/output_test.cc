#include "model/convert/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/env.h"
#include "model/format/testing/temp_folder.h"

namespace pano::convert {
namespace {

using ::testing::HasSubstr;

TEST(FolderWriterTest, AppearsWithCommitOnly) {
  format::TempFolder folder;
  const std::string target = folder.Path("model");
  {
    FolderWriter writer(target + "/");
    ASSERT_TRUE(writer.Create().ok());
    ASSERT_TRUE(writer.Write("config.json", "{}").ok());
    EXPECT_FALSE(IsDirectory(target));
  }
  EXPECT_TRUE(ListDirectory(folder.path())->empty());
  FolderWriter writer(target);
  ASSERT_TRUE(writer.Create().ok());
  ASSERT_TRUE(writer.Write("config.json", "{}").ok());
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(*ReadFile(JoinPath(target, "config.json")), "{}");
  EXPECT_EQ(ListDirectory(folder.path())->size(), 1u);
}

TEST(FolderWriterTest, ReplacesNothingButAModel) {
  format::TempFolder folder;
  const std::string target = folder.Path("model");
  std::filesystem::create_directory(target);
  ASSERT_TRUE(WriteFile(JoinPath(target, "old.json"), "1").ok());
  EXPECT_EQ(FolderWriter::Check(target, false).code(), StatusCode::kAlreadyExists);
  ASSERT_TRUE(FolderWriter::Check(target, true).ok());
  FolderWriter writer(target);
  ASSERT_TRUE(writer.Create().ok());
  ASSERT_TRUE(writer.Write("config.json", "{}").ok());
  ASSERT_TRUE(writer.Commit().ok());
  EXPECT_EQ(ListDirectory(target)->size(), 1u);
  EXPECT_EQ(ListDirectory(folder.path())->size(), 1u);
  ASSERT_TRUE(WriteFile(JoinPath(target, "thesis.pdf"), "1").ok());
  EXPECT_THAT(FolderWriter::Check(target, true).message(), HasSubstr("holds 'thesis.pdf'"));
}

TEST(CheckFileTargetTest, FoldersAndFiles) {
  format::TempFolder folder;
  EXPECT_TRUE(CheckFileTarget(folder.Path("a.gguf"), false).ok());
  folder.Write("a.gguf", "x");
  EXPECT_EQ(CheckFileTarget(folder.Path("a.gguf"), false).code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(CheckFileTarget(folder.Path("a.gguf"), true).ok());
  EXPECT_EQ(CheckFileTarget(folder.path(), true).code(), StatusCode::kAlreadyExists);
}

}  // namespace
}  // namespace pano::convert
