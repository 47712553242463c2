// Block types against the golden set (data/golden/gguf_quants) and, where it has none, against
// checksums of what the reference implementation (gguf 0.19) gives for the same bytes.
#include "model/tensor/blocks.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"

namespace pano::tensor {
namespace {

std::vector<float> ReadFloats(const std::string& path) {
  std::string bytes = ReadFile(path).value();
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

const std::byte* Bytes(const std::string& text) {
  return reinterpret_cast<const std::byte*>(text.data());
}

json::Value GoldenTypes(const KnownAnswers& answers) {
  return *json::Parse(ReadFile(JoinPath(answers.path(), "index.json")).value()).value().Find("types");
}

TEST(BlocksTest, DecodesTheGoldenBlocks) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/gguf_quants");
  const json::Value types = GoldenTypes(answers);
  int compared = 0;
  for (const auto& [name, facts] : types.as_object()) {
    SCOPED_TRACE(name);
    const auto dtype = DTypeByName(name);
    ASSERT_TRUE(dtype.has_value());
    EXPECT_EQ(static_cast<int64_t>(Describe(*dtype).block_elements),
              facts.Find("block_values")->as_int());
    EXPECT_EQ(static_cast<int64_t>(Describe(*dtype).block_bytes),
              facts.Find("block_bytes")->as_int());
    if (!FileExists(JoinPath(answers.path(), name + ".bin"))) continue;
    const std::string stored = ReadFile(JoinPath(answers.path(), name + ".bin")).value();
    const std::vector<float> want = ReadFloats(JoinPath(answers.path(), name + ".f32"));
    ASSERT_EQ(stored.size(), *ByteSize(*dtype, {static_cast<int64_t>(want.size())}));
    std::vector<float> got(want.size());
    DecoderOf (*dtype)(Bytes(stored), got.size(), got.data());
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), std::bit_cast<uint32_t>(want[i]))
          << "value " << i << ": " << got[i] << " for " << want[i];
    }
    ++compared;
    answers.Compared(want.size());
    // For the table of docs/models.md.
    RecordProperty(StrCat("golden.decode.", name),
                   StrCat(name, "|decoded|", want.size(), " values"));
  }
  EXPECT_EQ(compared, 20);
}

TEST(BlocksTest, EncodesToTheGoldenBytes) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/gguf_quants");
  const json::Value types = GoldenTypes(answers);
  int compared = 0;
  for (const auto& [name, facts] : types.as_object()) {
    if (!FileExists(JoinPath(answers.path(), name + ".quant_in.f32"))) continue;
    SCOPED_TRACE(name);
    const DType dtype = DTypeByName(name).value();
    ASSERT_NE(EncoderOf(dtype), nullptr);
    const std::vector<float> values = ReadFloats(JoinPath(answers.path(), name + ".quant_in.f32"));
    const std::string want = ReadFile(JoinPath(answers.path(), name + ".quant_out.bin")).value();
    std::string got(want.size(), '\0');
    EncoderOf(dtype)(values.data(), values.size(), reinterpret_cast<std::byte*>(got.data()));
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_EQ(got[i], want[i]) << "byte " << i << ", block " << i / Describe(dtype).block_bytes;
    }
    ++compared;
    answers.Compared(want.size());
    RecordProperty(StrCat("golden.encode.", name),
                   StrCat(name, "|encoded|", want.size(), " bytes"));
  }
  EXPECT_EQ(compared, 9);
}

// FNV-1a over the floats' bits.
uint64_t Checksum(const std::vector<float>& values) {
  uint64_t hash = 14695981039346656037u;
  for (float value : values) hash = (hash ^ std::bit_cast<uint32_t>(value)) * 1099511628211u;
  return hash;
}

TEST(BlocksTest, DecodesTypesWithoutGoldenBlocks) {
  struct Case {
    DType dtype;
    int masked;  // the byte whose upper bits are cut so that the scale is finite
    uint64_t checksum;
  };
  for (const Case& c :
       {Case{DType::kIQ1_S, 1, 0x3d79bc8115b83f45}, Case{DType::kIQ1_M, 55, 0x6e218eec723f07c5},
        Case{DType::kNVFP4, -1, 0x8f2b405553736325}}) {
    const DTypeInfo& info = Describe(c.dtype);
    SCOPED_TRACE(info.name);
    constexpr size_t kBlocks = 64;
    std::vector<uint8_t> stored(kBlocks * info.block_bytes);
    uint32_t state = 1;
    for (uint8_t& byte : stored) {
      state = state * 1664525u + 1013904223u;
      byte = static_cast<uint8_t>(state >> 24);
    }
    for (size_t i = 0; c.masked >= 0 && i < kBlocks; ++i) {
      stored[i * info.block_bytes + static_cast<size_t>(c.masked)] &= 0x3F;
    }
    std::vector<float> got(kBlocks * info.block_elements);
    DecoderOf(c.dtype)(reinterpret_cast<const std::byte*>(stored.data()), got.size(), got.data());
    EXPECT_EQ(Checksum(got), c.checksum);
  }
}

// Whatever the values, codes stay in range, and what a block gives back encodes to itself.
TEST(BlocksTest, EncodersSurviveExtremesAndAreIdempotent) {
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  std::vector<std::vector<float>> rows = {
      std::vector<float>(256, 0.0f), std::vector<float>(256, -0.0f), std::vector<float>(256, kTiny),
      std::vector<float>(256, 3e38f), std::vector<float>(256, -1e-39f)};
  rows.emplace_back(256, 0.0f).front() = 1e-39f;
  rows.emplace_back();
  for (int i = 0; i < 256; ++i) rows.back().push_back(static_cast<float>(i % 64 - 31) / 16.0f);
  for (size_t type = 0; type < kDTypeCount; ++type) {
    const auto dtype = static_cast<DType>(type);
    if (EncoderOf(dtype) == nullptr) continue;
    SCOPED_TRACE(Describe(dtype).name);
    ASSERT_NE(DecoderOf(dtype), nullptr);
    std::vector<std::byte> stored(*ByteSize(dtype, {256}));
    for (const std::vector<float>& row : rows) EncoderOf(dtype)(row.data(), 256, stored.data());
    std::vector<float> values(256);
    DecoderOf(dtype)(stored.data(), 256, values.data());
    std::vector<float> again(256);
    EncoderOf(dtype)(values.data(), 256, stored.data());
    DecoderOf(dtype)(stored.data(), 256, again.data());
    for (size_t i = 0; i < 256; ++i) ASSERT_NEAR(again[i], values[i], 0.01f) << i;
  }
}

TEST(BlocksTest, PlainTypes) {
  const double stored[] = {1.5, -2.25};
  float out[2];
  DecoderOf(DType::kF64)(reinterpret_cast<const std::byte*>(stored), 2, out);
  EXPECT_EQ(out[0], 1.5f);
  EXPECT_EQ(out[1], -2.25f);
  EXPECT_EQ(EncoderOf(DType::kF64), nullptr);
  for (DType dtype : {DType::kI8, DType::kI64, DType::kU16, DType::kBool}) {
    EXPECT_EQ(DecoderOf(dtype), nullptr);
    EXPECT_EQ(EncoderOf(dtype), nullptr);
  }
}

}  // namespace
}  // namespace pano::tensor
