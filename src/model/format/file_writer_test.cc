#include "model/format/file_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/mapped_file.h"
#include "base/testing/memory_env.h"
#include "base/testing/rewrite_check.h"
#include "model/format/gguf_write.h"
#include "model/format/safetensors_write.h"
#include "model/format/testing/temp_folder.h"
#include "model/format/weights.h"

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

// A conversion died of SIGBUS when its source was truncated in place; one overwritten in place was
// written as another model.
TEST(FileWriterTest, AGuardedSourceThatChangesEndsTheWriting) {
  MappedFile::SurviveFaults();
  TempFolder folder;
  const std::vector<float> values(50'000, 0.5f);
  const tensor::TensorView view{tensor::DType::kF32, {50'000}, std::as_bytes(std::span(values)).data(),
                                values.size() * sizeof(float)};
  const std::string from = folder.Path("from"), to = folder.Path("to");
  const auto copy = [&](const std::function<void()>& change) {
    EXPECT_TRUE(WriteSafetensors(from, {{"a", view}, {"b", view}}).ok());
    const auto weights = OpenSafetensors({from});
    EXPECT_TRUE(weights.ok());
    std::vector<TensorStream> streams;
    for (const std::string& name : (*weights)->Names()) {
      streams.push_back(StreamOf(name, *(*weights)->Find(name)));
    }
    streams[1].write = [&, write = streams[1].write](const ByteSink& sink) {
      change();
      return write(sink);
    };
    GuardSource(**weights, streams);
    return StreamSafetensors(to, streams);
  };
  const Status cut = copy([&] { ASSERT_EQ(::truncate(from.c_str(), 8192), 0); });
  EXPECT_EQ(cut.code(), StatusCode::kUnavailable);
  EXPECT_THAT(cut.message(), HasSubstr("from: the file was cut short while it was in use"));
  EXPECT_FALSE(FileExists(to));
  const Status over = copy([&] {
    std::fstream file(from, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(300'000);
    file << "other values";
  });
  EXPECT_THAT(over.message(), HasSubstr("from: the file was overwritten while it was in use"));
  EXPECT_FALSE(FileExists(to));
  EXPECT_TRUE(copy([] {}).ok());
  EXPECT_EQ(*ReadFile(to), *ReadFile(from));
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
