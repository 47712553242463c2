#include "model/convert/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/strings.h"
#include "base/testing/fault_env.h"
#include "base/testing/memory_env.h"
#include "base/testing/rewrite_check.h"
#include "model/format/safetensors_write.h"
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

// A model's folder, written as a conversion does it: weights, settings, texts of another folder.
Status WriteModel(Env& env, const std::string& target, const std::string& config) {
  FolderWriter writer(target, env);
  PANO_RETURN_IF_ERROR(writer.Create());
  const std::vector<format::TensorStream> streams = {
      {"w", tensor::DType::kF32, {200}, [](const format::ByteSink& sink) {
         const std::vector<float> values(200, 0.5f);
         return sink(std::as_bytes(std::span(values)));
       }}};
  PANO_RETURN_IF_ERROR(format::StreamSafetensors(JoinPath(writer.path(), "model.safetensors"),
                                                 streams, {}, env));
  PANO_RETURN_IF_ERROR(writer.CopyTexts("source"));
  PANO_RETURN_IF_ERROR(writer.Write("config.json", config));
  return writer.Commit();
}

Rewrite RewriteOfModel() {
  Rewrite rewrite;
  rewrite.names = {"model", "source"};
  rewrite.prepare = [](Env& env) {
    ASSERT_TRUE(env.MakeFolder("source").ok());
    ASSERT_TRUE(env.SyncFolder("/").ok());
    ASSERT_TRUE(WriteFile("source/tokenizer.json", "{}", env).ok());
    const Status status = WriteModel(env, "model", "old");
    ASSERT_TRUE(status.ok()) << status.ToString();
  };
  rewrite.write = [](Env& env) { return WriteModel(env, "model", "a new config"); };
  rewrite.read = [](Env& env) {
    auto config = ReadFile("model/config.json", 100, env);
    auto weights = env.Stat("model/model.safetensors");
    auto tokenizer = ReadFile("model/tokenizer.json", 100, env);
    if (!config.ok() || !weights.ok() || !tokenizer.ok()) return std::string("parts");
    return StrCat(*config, ' ', weights->bytes, ' ', *tokenizer);
  };
  MemoryEnv env;
  rewrite.prepare(env);
  rewrite.old_text = rewrite.read(env);
  EXPECT_TRUE(rewrite.old_text.starts_with("old ")) << rewrite.old_text;
  rewrite.new_text = StrCat("a new config ", rewrite.old_text.substr(4));
  return rewrite;
}

TEST(FolderWriterTest, ReplacesTheFolderInOneStepWhateverGoesWrong) {
  CheckRewrite(RewriteOfModel());
}

TEST(FolderWriterTest, ReplacesAlsoWhereNamesCannotChangePlaces) {
  const Rewrite rewrite = RewriteOfModel();
  MemoryEnv plain;
  rewrite.prepare(plain);
  FaultEnv counting(plain, {});
  ASSERT_TRUE(rewrite.write(counting).ok());
  int replaced = 0;
  for (int64_t call = 0; call < counting.calls(); ++call) {
    MemoryEnv disk;
    rewrite.prepare(disk);
    FaultEnv env(disk, {.fail_at = call, .fail_errno = ENOTSUP});
    const Status status = rewrite.write(env);
    if (!status.ok()) continue;
    EXPECT_EQ(rewrite.read(disk), rewrite.new_text);
    EXPECT_EQ(*disk.List("/"), rewrite.names);
    // One call more than without the failure: two renames instead of an exchange.
    replaced += env.calls() > counting.calls();
  }
  EXPECT_GT(replaced, 0);
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
