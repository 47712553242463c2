#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "model/format/gguf_parse.h"
#include "model/format/testing/gguf_bytes.h"
#include "model/format/testing/temp_folder.h"
#include "model/format/weights.h"

namespace pano::format {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Type = GgufValueType;

constexpr uint32_t kF32 = 0;
constexpr uint32_t kQ8 = 8;
constexpr uint64_t kHuge = uint64_t{1} << 62;

Result<GgufContents> ParseBytes(std::string_view bytes) {
  return ParseGguf({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()});
}

// Every kind of value, two tensors.
GgufBytes Good(uint32_t version = 3) {
  GgufBytes file(2, 7, version);
  file.Key("general.architecture", Type::kString).Text("llama");
  file.Key("a.u64", Type::kU64).Put(uint64_t{1} << 40);
  file.Key("a.i8", Type::kI8).Put(int8_t{-3});
  file.Key("a.f32", Type::kF32).Put(0.5f);
  file.Key("a.bool", Type::kBool).Put(uint8_t{1});
  file.Key("a.words", Type::kArray).Put(uint32_t{8}).Put(uint64_t{2}).Text("x").Text("");
  file.Key("tokenizer.chat_template", Type::kString).Text("{{ messages }}");
  file.Tensor("f", {3, 2}, kF32, 0).Tensor("q", {32}, kQ8, 32);
  return file.Data(std::string(32 + 34, '\x01'));
}

TEST(GgufTest, Good) {
  TempFolder folder;
  for (uint32_t version : {2u, 3u}) {
    std::string path = folder.Write("good.gguf", Good(version).bytes());
    auto model = OpenModel(path);
    ASSERT_TRUE(model.ok()) << model.error().ToString();
    EXPECT_EQ(model->kind, ModelFiles::Kind::kGguf);
    EXPECT_EQ(model->chat_template, "{{ messages }}");
    EXPECT_TRUE(model->config.is_null());
    const json::Value& metadata = model->metadata;
    EXPECT_EQ(metadata.Find("general.architecture")->as_string(), "llama");
    EXPECT_EQ(metadata.Find("a.u64")->as_int(), int64_t{1} << 40);
    EXPECT_EQ(metadata.Find("a.i8")->as_int(), -3);
    EXPECT_EQ(metadata.Find("a.f32")->as_double(), 0.5);
    EXPECT_TRUE(metadata.Find("a.bool")->as_bool());
    EXPECT_EQ(json::Dump(*metadata.Find("a.words")), R"(["x",""])");
    EXPECT_THAT(model->weights->Names(), ElementsAre("f", "q"));
    EXPECT_EQ(model->weights->Find("f")->shape, (tensor::Shape{2, 3}));
    EXPECT_EQ(model->weights->Find("q")->dtype, tensor::DType::kQ8_0);
    EXPECT_EQ(model->weights->Find("q")->bytes, 34u);
    EXPECT_EQ(model->weights->FileBytes(), Good().bytes().size());
    EXPECT_EQ(OpenGguf(path)->version, version);
  }
}

TEST(GgufTest, FurtherChatTemplatesHaveNames) {
  TempFolder folder;
  GgufBytes file(0, 3);
  file.Key("tokenizer.chat_templates", Type::kArray).Put(uint32_t{8}).Put(uint64_t{1});
  file.Text("tool_use");
  file.Key("tokenizer.chat_template.tool_use", Type::kString).Text("with tools");
  file.Key("tokenizer.chat_template", Type::kString).Text("main");
  auto model = OpenModel(folder.Write("t.gguf", file.bytes()));
  ASSERT_TRUE(model.ok()) << model.error().ToString();
  EXPECT_EQ(model->chat_template, "main");
  EXPECT_EQ(model->named_templates.size(), 1u);
  EXPECT_EQ(model->named_templates.at("tool_use"), "with tools");
}

TEST(GgufTest, WithoutTensorsTheDataMayBeMissing) {
  auto contents = ParseBytes(GgufBytes(0, 1).U32("general.alignment", 4096).bytes());
  ASSERT_TRUE(contents.ok()) << contents.error().ToString();
  EXPECT_TRUE(contents->tensors.empty());
}

TEST(GgufTest, MetadataOfAFileWhoseTypesAreNotRead) {
  TempFolder folder;
  GgufBytes file(1, 1);
  file.U32("a", 7).Tensor("q", {256}, 9, 0).Data(std::string(320, '\0'));
  std::string path = folder.Write("q.gguf", file.bytes());
  Status status = OpenModel(path).error();
  EXPECT_EQ(status.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(status.message(), HasSubstr("q.gguf: tensor 'q': type: Q8_1 is not supported"));
  auto metadata = ReadGgufMetadata(path);
  ASSERT_TRUE(metadata.ok()) << metadata.error().ToString();
  EXPECT_EQ(metadata->Find("a")->as_int(), 7);
}

TEST(GgufTest, TypeNumbers) {
  EXPECT_EQ(GgmlTypeToDType(0), tensor::DType::kF32);
  EXPECT_EQ(GgmlTypeToDType(1), tensor::DType::kF16);
  EXPECT_EQ(GgmlTypeToDType(8), tensor::DType::kQ8_0);
  EXPECT_EQ(GgmlTypeToDType(26), tensor::DType::kI32);
  EXPECT_EQ(GgmlTypeToDType(28), tensor::DType::kF64);
  EXPECT_EQ(GgmlTypeToDType(30), tensor::DType::kBF16);
  EXPECT_EQ(GgmlTypeToDType(12), tensor::DType::kQ4_K);
  EXPECT_EQ(GgmlTypeToDType(39), tensor::DType::kMXFP4);
  EXPECT_EQ(GgmlTypeToDType(15), std::nullopt);
  EXPECT_EQ(GgmlTypeOf(tensor::DType::kIQ4_XS), 23u);
  EXPECT_EQ(GgmlTypeOf(tensor::DType::kBool), std::nullopt);
  EXPECT_EQ(GgmlTypeName(23), "IQ4_XS");
  EXPECT_EQ(GgmlTypeName(34), "TQ1_0");
  EXPECT_EQ(GgmlTypeName(39), "MXFP4");
  EXPECT_EQ(GgmlTypeName(1000), "");
}

struct Bad {
  std::string bytes;
  std::string_view words;
  StatusCode code = StatusCode::kCorruption;
};

std::string OneTensor(const std::vector<uint64_t>& sizes, uint32_t type, uint64_t offset,
                      size_t data_bytes) {
  return GgufBytes(1, 0).Tensor("x", sizes, type, offset).Data(std::string(data_bytes, 0)).bytes();
}

std::string Aligned(Type type, uint64_t value) {
  GgufBytes file(0, 1);
  file.Key("general.alignment", type);
  if (type == Type::kU32)
    file.Put(static_cast<uint32_t>(value));
  else
    file.Put(value);
  return file.bytes();
}

std::vector<Bad> BadHeaders() {
  std::string big_endian = GgufBytes(0, 0, 0x03000000).bytes();
  std::string pad(64, '\0');
  return {
      {"", "magic: claims 4 bytes at offset 0, the file has 0"},
      {"GGU", "magic: claims 4 bytes"},
      {"GGUX" + pad, "magic: is not 'GGUF'"},
      {"GGUF", "version: claims 4 bytes"},
      {big_endian, "version: the file is big-endian", StatusCode::kUnimplemented},
      {GgufBytes(0, 0, 1).bytes(), "version: 1, only 2 and 3", StatusCode::kUnimplemented},
      {GgufBytes(0, 0, 4).bytes(), "version: 4, only 2 and 3", StatusCode::kUnimplemented},
      {GgufBytes(0, 0, 0).bytes(), "version: 0", StatusCode::kUnimplemented},
      {GgufBytes(0, 0).bytes().substr(0, 12), "tensor_count: claims 8 bytes"},
      {GgufBytes(0, 0).bytes().substr(0, 20), "metadata_kv_count: claims 8 bytes"},
      {GgufBytes(~uint64_t{0}, 0).bytes() + pad, "tensor_count: 18446744073709551615"},
      {GgufBytes(0, ~uint64_t{0}).bytes() + pad, "metadata_kv_count: 18446744073709551615"},
      {GgufBytes(0, 6).bytes() + pad, "metadata_kv_count: 6"},
  };
}

std::vector<Bad> BadMetadata() {
  std::string pad(64, '\0');
  auto array = [](uint32_t type, uint64_t length) {
    return GgufBytes(0, 1).Key("k", Type::kArray).Put(type).Put(length);
  };
  GgufBytes deep(0, 1);
  deep.Key("k", Type::kArray);
  for (int i = 0; i < 50; ++i) deep.Put(uint32_t{9}).Put(uint64_t{1});
  return {
      {GgufBytes(0, 1).Put(kHuge).bytes() + pad,
       "metadata key 0: name: claims 4611686018427387904"},
      {GgufBytes(0, 1).Text(std::string(70000, 'k')).bytes() + pad, "metadata key 0: name: 70000"},
      {GgufBytes(0, 1).Text("").bytes() + pad, "metadata key 0: name: is empty"},
      {GgufBytes(0, 1).Text("a.key").bytes() + "ab", "metadata key 'a.key': type: claims 4 bytes"},
      {GgufBytes(0, 1).Text("k").Put(uint32_t{13}).bytes() + pad,
       "metadata key 'k': type: 13 is no"},
      {GgufBytes(0, 1).Key("key", Type::kU64).Put(uint32_t{1}).bytes(), "value: claims 8 bytes"},
      {GgufBytes(0, 1).Key("k", Type::kBool).Put(uint8_t{2}).bytes(), "value: 2 is no bool"},
      {GgufBytes(0, 1).Key("k", Type::kString).Put(uint64_t{9}).bytes(), "value: claims 9 bytes"},
      {GgufBytes(0, 2).U32("k", 1).U32("k", 2).bytes(), "metadata key 'k': the name stands twice"},
      {array(99, 1).bytes() + pad, "metadata key 'k': array type: 99"},
      {array(0, kHuge).bytes() + pad, "metadata key 'k': array length: 4611686018427387904"},
      {array(8, 9).bytes() + pad, "metadata key 'k': array length: 9 values"},
      {array(8, 2).Text("a").Put(kHuge).bytes(), "element 1: value: claims 4611686018427387904"},
      {array(0, 9u << 20).bytes() + std::string(9u << 20, '\0'), "arrays of a file may have"},
      {array(9, 1).Put(uint32_t{4}).Put(uint64_t{1}).Put(uint32_t{7}).bytes(),
       "metadata key 'k': array type: an array of arrays is not read", StatusCode::kUnimplemented},
      {deep.bytes() + pad, "array type: an array of arrays", StatusCode::kUnimplemented},
      {Aligned(Type::kU32, 0), "general.alignment: 0 is no power of two"},
      {Aligned(Type::kU32, 4), "general.alignment: 4"},
      {Aligned(Type::kU32, 33), "general.alignment: 33"},
      {Aligned(Type::kU64, uint64_t{1} << 63), "general.alignment: "},
      {Aligned(Type::kF64, 0), "general.alignment: 0"},
  };
}

std::vector<Bad> BadTensors() {
  std::string pad(64, '\0');
  auto two = [](std::string_view second, uint64_t offset) {
    return GgufBytes(2, 0)
        .Tensor("x", {16}, kF32, 0)
        .Tensor(second, {16}, kF32, offset)
        .Data(std::string(128, 0))
        .bytes();
  };
  return {
      {GgufBytes(1, 0).Put(kHuge).bytes() + pad,
       "tensor 0: name: claims 4611686018427387904 bytes"},
      {GgufBytes(1, 0).Text("").bytes() + pad, "tensor 0: name: is empty"},
      {GgufBytes(1, 0).Text(std::string(65, 't')).bytes() + pad,
       "tensor 0: name: 65 bytes long, the limit is 64"},
      {OneTensor({1, 1, 1, 1, 1}, kF32, 0, 4), "tensor 'x': n_dimensions: 5, at most 4"},
      {GgufBytes(1, 0).Text("x").Put(~uint32_t{0}).bytes() + pad,
       "tensor 'x': n_dimensions: 42949"},
      {GgufBytes(1, 0).Text("xxxxxxxx").Put(uint32_t{1}).Put(int64_t{1}).bytes(),
       "tensor 'xxxxxxxx': type: claims 4 bytes"},
      {OneTensor({~uint64_t{0}}, kF32, 0, 4), "tensor 'x': dimensions: 18446744073709551615 is no"},
      {OneTensor({kHuge, 4}, kF32, 0, 4), "has more than 2^63 elements"},
      {OneTensor({0, kHuge, kHuge}, kF32, 0, 4), "has more than 2^63 elements"},
      {OneTensor({kHuge}, kF32, 0, 4), "has more than 2^63 bytes"},
      {OneTensor({33}, kQ8, 0, 68), "tensor 'x': shape [33]: the innermost size is no multiple"},
      {OneTensor({}, kQ8, 0, 68), "no multiple of Q8_0's block"},
      {OneTensor({256}, 15, 0, 292), "type: Q8_K is not supported", StatusCode::kUnimplemented},
      {OneTensor({128, 2}, 14, 0, 210), "no multiple of Q6_K's block of 256"},
      {OneTensor({256}, 14, 0, 209), "Q6_K [256] needs 210 bytes at offset 0, the file has 209"},
      {OneTensor({uint64_t{1} << 62}, 7, 0, 24), "needs 3458764513820540928 bytes"},
      {OneTensor({256, kHuge}, 12, 0, 144), "has more than 2^63 elements"},
      {OneTensor({256}, 4, 0, 210), "type: Q4_2 is not supported", StatusCode::kUnimplemented},
      {OneTensor({256}, 777, 0, 210), "type: 777 is not known", StatusCode::kUnimplemented},
      {OneTensor({4}, kF32, 4, 64), "tensor 'x': offset 4 is no multiple of the alignment 32"},
      {OneTensor({5, 5}, kF32, 0, 99), "F32 [5, 5] needs 100 bytes at offset 0, the file has 99"},
      {OneTensor({1}, kF32, ~uint64_t{31}, 64), "at offset 18446744073709551584"},
      {OneTensor({1}, kF32, 64, 64), "needs 4 bytes at offset 64, the file has 64"},
      {two("x", 64), "tensor 'x': the name stands twice"},
      {two("y", 32), "tensor 'y': offset: overlaps tensor 'x'"},
      {two("y", 0), "offset: overlaps tensor"},
      {GgufBytes(0, 1).Key("tokenizer.chat_template", Type::kU8).Put(uint8_t{1}).bytes(),
       "tokenizer.chat_template: expected a string, found integer"},
  };
}

TEST(GgufTest, BadFilesAreRefusedWithFileAndField) {
  TempFolder folder;
  for (const auto& set : {BadHeaders(), BadMetadata(), BadTensors()}) {
    for (const Bad& bad : set) {
      std::string path = folder.Write("bad.gguf", bad.bytes);
      Status status = OpenModel(path).error();
      EXPECT_EQ(status.code(), bad.code) << status.ToString() << " for " << bad.words;
      EXPECT_THAT(status.message(), HasSubstr("bad.gguf: "));
      EXPECT_THAT(status.message(), HasSubstr(std::string(bad.words)));
    }
  }
}

TEST(GgufTest, EveryTruncationIsRefused) {
  std::string good = Good().bytes();
  ASSERT_TRUE(ParseBytes(good).ok());
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(ParseBytes(good.substr(0, size)).error().code(), StatusCode::kCorruption) << size;
  }
}

// Metadata of a large vocabulary is read in one pass, never searched.
TEST(GgufTest, LargeVocabulary) {
  constexpr uint64_t kTokens = 128 * 1024;
  GgufBytes file(0, 2);
  file.Key("tokenizer.ggml.tokens", Type::kArray).Put(uint32_t{8}).Put(kTokens);
  for (uint64_t i = 0; i < kTokens; ++i) file.Text(StrCat("token", i));
  file.Key("tokenizer.ggml.scores", Type::kArray).Put(uint32_t{6}).Put(kTokens);
  for (uint64_t i = 0; i < kTokens; ++i) file.Put(static_cast<float>(i));
  auto contents = ParseBytes(file.bytes());
  ASSERT_TRUE(contents.ok()) << contents.error().ToString();
  EXPECT_EQ(contents->metadata.Find("tokenizer.ggml.tokens")->as_array().back().as_string(),
            "token131071");
}

}  // namespace
}  // namespace pano::format
