#include "model/format/file_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/testing/memory_env.h"
#include "base/testing/rewrite_check.h"
#include "model/format/gguf_write.h"
#include "model/format/safetensors_write.h"
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

std::vector<TensorStream> Streams(size_t elements) {
  return {{"w", tensor::DType::kF32, {static_cast<int64_t>(elements)}, [=](const ByteSink& sink) {
             const std::vector<float> values(elements, 0.5f);
             return sink(std::as_bytes(std::span(values)));
           }}};
}

// A model of `elements` replaces one of 100, in both forms.
void CheckModelFile(const std::function<Status(Env&, size_t elements)>& write, size_t elements) {
  const auto read = [](Env& env) {
    auto text = ReadFile("model", 1 << 24, env);
    return text.ok() ? *text : text.status().ToString();
  };
  const auto bytes_of = [&](size_t n) {
    MemoryEnv env;
    EXPECT_TRUE(write(env, n).ok());
    return read(env);
  };
  Rewrite rewrite;
  rewrite.old_text = bytes_of(100);
  rewrite.new_text = bytes_of(elements);
  rewrite.names = {"model"};
  rewrite.prepare = [&](Env& env) { ASSERT_TRUE(write(env, 100).ok()); };
  rewrite.write = [&](Env& env) { return write(env, elements); };
  rewrite.read = read;
  ASSERT_NE(rewrite.old_text, rewrite.new_text);
  CheckRewrite(rewrite);
}

TEST(FileWriterTest, GgufReplacesInOneStepWhateverGoesWrong) {
  CheckModelFile(
      [](Env& env, size_t elements) {
        return WriteGguf("model", {{"general.architecture", std::string("x")}}, Streams(elements),
                         env);
      },
      50'000);
}

TEST(FileWriterTest, SafetensorsReplacesInOneStepWhateverGoesWrong) {
  CheckModelFile(
      [](Env& env, size_t elements) {
        return StreamSafetensors("model", Streams(elements), {}, env);
      },
      50'000);
}

TEST(FileWriterTest, AFullDiskNamesFileAndNeedBeforeAnythingIsWritten) {
  MemoryEnv env;
  env.SetCapacity(1000);
  const Status status = StreamSafetensors("model", Streams(1000), {}, env);
  EXPECT_EQ(status.code(), StatusCode::kExhausted);
  EXPECT_EQ(status.message(),
            "model: cannot write: the disk is full: 4128 bytes are needed, 1000 are free");
  EXPECT_TRUE(env.List("/")->empty());
}

}  // namespace
}  // namespace pano::format
