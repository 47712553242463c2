#include "model/format/gguf_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/env.h"
#include "base/testing/known_answers.h"
#include "model/format/testing/temp_folder.h"
#include "model/format/weights.h"

namespace pano::format {
namespace {

using ::testing::HasSubstr;

std::vector<GgufEntry> Metadata() {
  return {{"general.architecture", std::string("test")},
          {"a.u8", uint8_t{200}},
          {"a.i8", int8_t{-3}},
          {"a.u16", uint16_t{60000}},
          {"a.i16", int16_t{-300}},
          {"a.u32", uint32_t{4000000000}},
          {"a.i32", int32_t{-70000}},
          {"a.u64", uint64_t{1} << 40},
          {"a.i64", -(int64_t{1} << 40)},
          {"a.f32", 0.1f},
          {"a.f64", 0.1},
          {"a.bool", true},
          {"a.bools", std::vector<bool>{true, false}},
          {"a.ids", std::vector<int32_t>{1, -2}},
          {"a.sizes", std::vector<uint32_t>{1, 2}},
          {"a.floats", std::vector<float>{0.5f}},
          {"a.words", std::vector<std::string>{"x", "", "\xc4\xa0the"}}};
}

TEST(WriteGgufTest, ReadsBackWithTypes) {
  TempFolder folder;
  const std::string path = folder.Path("a.gguf"), copy = folder.Path("b.gguf");
  std::vector<float> floats = {1, 2, 3, 4, 5, 6};
  std::vector<uint8_t> blocks(2 * 144, 7);
  const tensor::TensorView f{
      tensor::DType::kF32, {2, 3}, reinterpret_cast<const std::byte*>(floats.data()), 24};
  const tensor::TensorView q{tensor::DType::kQ4_K,
                             {2, 256},
                             reinterpret_cast<const std::byte*>(blocks.data()),
                             blocks.size()};
  const std::vector<TensorStream> tensors = {StreamOf("q", q), StreamOf("f", f)};
  ASSERT_TRUE(WriteGguf(path, Metadata(), tensors).ok());
  auto file = OpenGguf(path);
  ASSERT_TRUE(file.ok()) << file.error().ToString();
  EXPECT_EQ(file->version, 3u);
  EXPECT_EQ(json::Dump(file->metadata),
            R"({"general.architecture":"test","a.u8":200,"a.i8":-3,"a.u16":60000,"a.i16":-300,)"
            R"("a.u32":4000000000,"a.i32":-70000,"a.u64":1099511627776,"a.i64":-1099511627776,)"
            R"("a.f32":0.10000000149011612,"a.f64":0.1,"a.bool":true,"a.bools":[true,false],)"
            R"("a.ids":[1,-2],"a.sizes":[1,2],"a.floats":[0.5],"a.words":["x","","Ġthe"]})");
  const tensor::TensorView* read = file->weights->Find("f");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->shape, f.shape);
  EXPECT_EQ(0, std::memcmp(read->data, f.data, f.bytes));
  read = file->weights->Find("q");
  ASSERT_NE(read, nullptr);
  EXPECT_EQ(read->dtype, tensor::DType::kQ4_K);
  EXPECT_EQ(0, std::memcmp(read->data, q.data, q.bytes));
  EXPECT_EQ(file->weights->FileBytes() % 32, 0u);

  // Typed values that are read and written again give the same file.
  auto entries = ReadGgufEntries(path);
  ASSERT_TRUE(entries.ok());
  ASSERT_TRUE(WriteGguf(copy, *entries, tensors).ok());
  EXPECT_EQ(*ReadFile(path), *ReadFile(copy));
}

// What llama.cpp's own tools wrote: the same bytes again.
TEST(WriteGgufTest, CopiesAGoldenFileToTheByte) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR,
                     "golden/gguf/llama_kquants/llama_kquants-kmix.gguf");
  const std::string& path = answers.path();
  auto file = OpenGguf(path);
  auto entries = ReadGgufEntries(path);
  ASSERT_TRUE(file.ok() && entries.ok());
  std::vector<std::string> names = file->weights->Names();
  std::sort(names.begin(), names.end(), [&](const std::string& a, const std::string& b) {
    return file->weights->Find(a)->data < file->weights->Find(b)->data;
  });
  std::vector<TensorStream> tensors;
  for (const std::string& name : names)
    tensors.push_back(StreamOf(name, *file->weights->Find(name)));
  TempFolder folder;
  const std::string copy = folder.Path("copy.gguf");
  ASSERT_TRUE(WriteGguf(copy, *entries, tensors).ok());
  answers.Compared(ReadFile(path)->size());
  EXPECT_EQ(*ReadFile(path), *ReadFile(copy));
}

TEST(WriteGgufTest, RefusesWhatNobodyCouldRead) {
  TempFolder folder;
  const std::string path = folder.Path("a.gguf");
  auto nothing = [](const ByteSink&) { return Status(); };
  auto fails = [&](std::vector<GgufEntry> metadata, std::vector<TensorStream> tensors,
                   const std::string& words) {
    const Status status = WriteGguf(path, metadata, tensors);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr("a.gguf: "));
    EXPECT_THAT(status.message(), HasSubstr(words));
    EXPECT_TRUE(ListDirectory(folder.path())->empty());
  };
  const auto f32 = tensor::DType::kF32;
  fails({{"", true}}, {}, "a metadata key is empty");
  fails({{"k", true}, {"k", 1.0f}}, {}, "metadata key 'k': the name stands twice");
  fails({}, {{"", f32, {1}, nothing}}, "the name is empty");
  fails({}, {{"x", f32, {0}, nothing}, {"x", f32, {0}, nothing}}, "tensor 'x': the name stands");
  fails({}, {{"x", tensor::DType::kBool, {1}, nothing}}, "GGUF has no BOOL");
  fails({}, {{"x", f32, {1, 1, 1, 1, 1}, nothing}}, "more than four dimensions");
  // A tensor that fails half-way leaves nothing behind.
  const Status status =
      WriteGguf(path, {}, {{"x", f32, {8}, [](const ByteSink& sink) {
                              const float part[4] = {};
                              PANO_RETURN_IF_ERROR(sink(std::as_bytes(std::span(part))));
                              return Corruption("broken");
                            }}});
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_TRUE(ListDirectory(folder.path())->empty());
}

}  // namespace
}  // namespace pano::format
