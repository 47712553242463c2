#include "model/format/file_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/env.h"
#include "model/format/testing/temp_folder.h"

namespace pano::format {
namespace {

using ::testing::HasSubstr;

TEST(FileWriterTest, AppearsWithCommitOnly) {
  TempFolder folder;
  const std::string path = folder.Path("a.bin");
  {
    FileWriter file(path);
    ASSERT_TRUE(file.Write("abc").ok());
    EXPECT_FALSE(FileExists(path));
  }
  EXPECT_TRUE(ListDirectory(folder.path())->empty());
  FileWriter file(path);
  ASSERT_TRUE(file.Write("abc").ok());
  ASSERT_TRUE(file.Pad(100).ok());
  ASSERT_TRUE(file.Pad(100).ok());
  ASSERT_TRUE(file.Commit().ok());
  EXPECT_EQ(*ReadFile(path), "abc" + std::string(97, '\0'));
  EXPECT_EQ(ListDirectory(folder.path())->size(), 1u);
}

TEST(FileWriterTest, AStreamMustGiveWhatItsShapeSays) {
  TempFolder folder;
  FileWriter file(folder.Path("a.bin"));
  TensorStream stream{"w", tensor::DType::kF32, {3}, [](const ByteSink& sink) {
                        const float two[2] = {};
                        return sink(std::as_bytes(std::span(two)));
                      }};
  const Status status = file.Write(stream);
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("tensor 'w' gave 8 bytes, its shape needs 12"));
}

TEST(FileWriterTest, NamesThePathThatCannotBeWritten) {
  TempFolder folder;
  FileWriter file(folder.Path("none/a.bin"));
  EXPECT_THAT(file.Write("abc").message(), HasSubstr("none/a.bin: cannot write: "));
}

}  // namespace
}  // namespace pano::format
