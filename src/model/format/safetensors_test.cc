#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "model/format/safetensors_parse.h"
#include "model/format/testing/temp_folder.h"
#include "model/format/weights.h"

namespace pano::format {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string FileBytes(std::string_view header, std::string_view data) {
  uint64_t length = header.size();
  return StrCat(std::string_view(reinterpret_cast<const char*>(&length), 8), header, data);
}

Result<SafetensorsContents> ParseBytes(std::string_view bytes) {
  return ParseSafetensors({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
}

template <typename T>
tensor::TensorView ViewOf(tensor::DType dtype, tensor::Shape shape, const std::vector<T>& values) {
  return {dtype, std::move(shape), reinterpret_cast<const std::byte*>(values.data()),
          values.size() * sizeof(T)};
}

TEST(SafetensorsTest, ReadsWhatItWrote) {
  TempFolder folder;
  std::string path = folder.Path("a.safetensors");
  std::vector<float> floats = {1, 2, 3, 4, 5, 6};
  std::vector<int64_t> ids = {-7};
  std::vector<uint8_t> none;
  ASSERT_TRUE(WriteSafetensors(path,
                               {{"w", ViewOf(tensor::DType::kF32, {2, 3}, floats)},
                                {"quote\"\n\u00e9", ViewOf(tensor::DType::kI64, {}, ids)},
                                {"empty", ViewOf(tensor::DType::kU8, {4, 0}, none)}},
                               {{"format", "pt"}})
                  .ok());
  auto model = OpenModel(path);
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_EQ(model->kind, ModelFiles::Kind::kSafetensors);
  EXPECT_EQ(model->metadata.Find("format")->as_string(), "pt");
  EXPECT_THAT(model->weights->Names(), ElementsAre("empty", "quote\"\n\u00e9", "w"));
  const tensor::TensorView* w = model->weights->Find("w");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(w->shape, (tensor::Shape{2, 3}));
  EXPECT_EQ(w->as<float>()[5], 6);
  EXPECT_EQ(model->weights->Find("quote\"\n\u00e9")->as<int64_t>()[0], -7);
  EXPECT_EQ(model->weights->Find("empty")->bytes, 0u);
  EXPECT_EQ(model->weights->Find("v"), nullptr);
  EXPECT_EQ(model->weights->FileBytes(), ReadFile(path)->size());
  EXPECT_EQ(ListDirectory(folder.path())->size(), 1u) << "a temporary file was left";
}

TEST(SafetensorsTest, RefusesToWriteWhatNobodyCouldRead) {
  TempFolder folder;
  std::string path = folder.Path("a.safetensors");
  std::vector<float> floats = {1, 2};
  std::vector<uint8_t> block(34);
  auto fails = [&](std::vector<SafetensorsEntry> entries, std::string_view words) {
    Status status = WriteSafetensors(path, entries);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(std::string(words)));
    EXPECT_FALSE(FileExists(path));
  };
  auto view = ViewOf(tensor::DType::kF32, {2}, floats);
  fails({{"a", view}, {"a", view}}, "tensor 'a': the name stands twice");
  fails({{"__metadata__", view}}, "reserved");
  fails({{"\xff", view}}, "not UTF-8");
  fails({{"a", ViewOf(tensor::DType::kF32, {3}, floats)}}, "holds 8 bytes, F32 [3] needs 12");
  fails({{"a", ViewOf(tensor::DType::kQ8_0, {32}, block)}}, "no Q8_0");
  EXPECT_EQ(WriteSafetensors(folder.Path("none/a.safetensors"), {}).code(),
            StatusCode::kUnavailable);
}

// Old files have headers of any length: their floats lie on odd addresses.
TEST(SafetensorsTest, UnpaddedHeaderIsReadInPlaceSafely) {
  TempFolder folder;
  const float value = 2.5f;
  std::string data(reinterpret_cast<const char*>(&value), sizeof value);
  for (int spaces = 0; spaces < 8; ++spaces) {
    std::string header = R"({"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    header.append(static_cast<size_t>(spaces), ' ');
    std::string path = folder.Write("old.safetensors", FileBytes(header, data));
    auto weights = OpenSafetensors({path});
    ASSERT_TRUE(weights.ok()) << weights.error().ToString();
    const tensor::TensorView* x = (*weights)->Find("x");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(x->data) % alignof(float), 0u);
    EXPECT_EQ(x->as<float>()[0], 2.5f);
  }
}

TEST(SafetensorsTest, SameNameInTwoFiles) {
  TempFolder folder;
  std::string bytes = FileBytes(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "a");
  std::string a = folder.Write("a.safetensors", bytes);
  std::string b = folder.Write("b.safetensors", bytes);
  Status status = OpenSafetensors({a, b}).error();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("b.safetensors: tensor 'x'"));
  EXPECT_EQ(OpenSafetensors({folder.Path("c.safetensors")}).error().code(), StatusCode::kNotFound);
}

TEST(SafetensorsTest, Valid) {
  EXPECT_TRUE(ParseBytes(FileBytes("{}", "")).ok());
  EXPECT_TRUE(ParseBytes(FileBytes("{}      ", "")).ok());
  // Out of order, with empty tensors between, and a field of a later version.
  auto contents = ParseBytes(FileBytes(
      R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3],"note":1},
          "e":{"dtype":"F64","shape":[0,9],"data_offsets":[1,1]},
          "a":{"dtype":"BOOL","shape":[1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})",
      "xyz"));
  ASSERT_TRUE(contents.ok()) << contents.error().ToString();
  EXPECT_EQ(contents->tensors.size(), 3u);
  EXPECT_TRUE(contents->metadata.is_null());
}

struct Bad {
  std::string bytes;
  std::string_view words;
  StatusCode code = StatusCode::kCorruption;
};

// One tensor "x" with these fields.
std::string OneTensor(std::string_view fields, size_t data_bytes) {
  return FileBytes(StrCat(R"({"x":{)", fields, "}}"), std::string(data_bytes, '\0'));
}

std::vector<Bad> BadFiles() {
  std::string good = OneTensor(R"("dtype":"F32","shape":[5,5],"data_offsets":[0,100])", 100);
  std::string two = R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":)";
  std::string length_only(8, '\xff');
  return {
      {"", "header length: the file has 0 bytes"},
      {"1234567", "header length: the file has 7 bytes"},
      {length_only, "header length: claims 18446744073709551615 bytes, the file has 0"},
      {good.substr(0, 40), "header length: claims"},
      {good.substr(0, good.size() - 1),
       "tensor 'x': data_offsets [0, 100] reach past the 99 bytes"},
      {good + "z", "data: the file has 101 bytes of it, its tensors hold 100"},
      {FileBytes("", ""), "header: does not begin with '{'"},
      {FileBytes(" {}", ""), "header: does not begin with '{'"},
      {FileBytes("[]", ""), "header: does not begin with '{'"},
      {FileBytes("{", ""), "header: [json]"},
      {FileBytes("{}{}", ""), "header: [json]"},
      {FileBytes(std::string("{}\0", 3), ""), "header: [json]"},
      {FileBytes("{\"\xff\":{}}", ""), "header: [json]"},
      {FileBytes(R"({"x":)" + std::string(5000, '[') + std::string(5000, ']') + "}", ""),
       "header: [json] nested deeper than"},
      {FileBytes(R"({"x":1})", ""), "tensor 'x': expected an object, found integer"},
      {FileBytes(R"({"x":null})", ""), "tensor 'x': expected an object, found null"},
      {OneTensor(R"("shape":[1],"data_offsets":[0,4])", 4), "tensor 'x': dtype: is missing"},
      {OneTensor(R"("dtype":"F32","data_offsets":[0,4])", 4), "tensor 'x': shape: is missing"},
      {OneTensor(R"("dtype":"F32","shape":[1])", 4), "tensor 'x': data_offsets: is missing"},
      {OneTensor(R"("dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1])", 1),
       "tensor 'x': dtype: stands twice"},
      {OneTensor(R"("dtype":7,"shape":[1],"data_offsets":[0,1])", 1), "dtype: expected a string"},
      {OneTensor(R"("dtype":"F31","shape":[1],"data_offsets":[0,1])", 1),
       "dtype: 'F31' is no type"},
      {OneTensor(R"("dtype":"Q8_0","shape":[32],"data_offsets":[0,34])", 34), "dtype: 'Q8_0'"},
      {OneTensor(R"("dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1])", 1),
       "tensor 'x': dtype: F8_E4M3 is not supported", StatusCode::kUnimplemented},
      {OneTensor(R"("dtype":"U8","shape":1,"data_offsets":[0,1])", 1), "shape: expected an array"},
      {OneTensor(R"("dtype":"U8","shape":[-1],"data_offsets":[0,1])", 1),
       "shape: dimension 0 is no"},
      {OneTensor(R"("dtype":"U8","shape":[1,1.0],"data_offsets":[0,1])", 1), "shape: dimension 1"},
      {OneTensor(R"("dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,1])", 1),
       "shape: dimension 0"},
      {OneTensor(R"("dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1])", 1),
       "shape: 9 dimensions, at most 8"},
      {OneTensor(R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4])", 4),
       "shape [4611686018427387904, 4] has more than 2^63 elements"},
      {OneTensor(R"("dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,4])", 4),
       "more than 2^63 bytes"},
      {OneTensor(R"("dtype":"F32","shape":[5,5],"data_offsets":[0,99])", 99),
       "tensor 'x': data_offsets [0, 99] hold 99 bytes, F32 [5, 5] needs 100"},
      {OneTensor(R"("dtype":"U8","shape":[1],"data_offsets":[0])", 1), "data_offsets: expected"},
      {OneTensor(R"("dtype":"U8","shape":[1],"data_offsets":[0,1,2])", 1),
       "data_offsets: expected"},
      {OneTensor(R"("dtype":"U8","shape":[1],"data_offsets":["0",1])", 1),
       "data_offsets: expected"},
      {OneTensor(R"("dtype":"U8","shape":[1],"data_offsets":[-1,0])", 1), "are no range"},
      {OneTensor(R"("dtype":"U8","shape":[1],"data_offsets":[1,0])", 1), "are no range"},
      {OneTensor(
           R"("dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807])",
           1),
       "reach past the 1 bytes"},
      {OneTensor(R"("dtype":"U8","shape":[1],"data_offsets":[1,2])", 2),
       "bytes 0 to 1 belong to no"},
      {FileBytes(two + R"({"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", "abc"),
       "tensor 'y': data_offsets [1, 3] overlap those of tensor 'x', which end at 2"},
      {FileBytes(two + R"({"dtype":"U8","shape":[1],"data_offsets":[3,4]}})", "abcd"),
       "tensor 'y': data_offsets begin at 3, bytes 2 to 3 belong to no tensor"},
      {FileBytes(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                 R"("x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                 "ab"),
       "tensor 'x': the name stands twice"},
      {FileBytes(R"({"__metadata__":[]})", ""), "__metadata__: expected an object, found array"},
      {FileBytes(R"({"__metadata__":{"a":1}})", ""), "__metadata__: 'a': expected a string"},
  };
}

TEST(SafetensorsTest, BadFilesAreRefusedWithFileAndField) {
  TempFolder folder;
  for (const Bad& bad : BadFiles()) {
    std::string path = folder.Write("bad.safetensors", bad.bytes);
    Status status = OpenModel(path).error();
    EXPECT_EQ(status.code(), bad.code) << status.ToString();
    EXPECT_THAT(status.message(), HasSubstr("bad.safetensors: "));
    EXPECT_THAT(status.message(), HasSubstr(std::string(bad.words)));
  }
}

TEST(SafetensorsTest, HeaderHasALimit) {
  Status status = ParseBytes(FileBytes("{" + std::string(33u << 20, ' ') + "}", "")).error();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("header length: 34603010 bytes, the limit is 33554432"));
}

TEST(SafetensorsTest, EveryTruncationIsRefused) {
  std::string good = OneTensor(R"("dtype":"F32","shape":[5,5],"data_offsets":[0,100])", 100);
  ASSERT_TRUE(ParseBytes(good).ok());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(ParseBytes(good.substr(0, size)).error().code(), StatusCode::kCorruption) << size;
  }
}

}  // namespace
}  // namespace pano::format
