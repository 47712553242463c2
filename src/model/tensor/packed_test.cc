#include "model/tensor/packed.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "base/strings.h"
#include "model/tensor/blocks.h"

namespace pano::tensor {
namespace {

struct Matrix {
  std::vector<std::byte> bytes;
  TensorView view;
};

// Random bytes whose scales are finite: all half-precision numbers of these types lie at the ends
// of a block.
Matrix RandomBlocks(DType dtype, int64_t rows, int64_t columns) {
  Random random(static_cast<uint64_t>(rows * 1000 + columns));
  Matrix m;
  m.bytes.resize(*ByteSize(dtype, {rows, columns}));
  for (std::byte& byte : m.bytes) byte = static_cast<std::byte>(random.Below(256));
  const size_t block = Describe(dtype).block_bytes;
  const bool plain = Describe(dtype).block_elements == 1;  // has no scales
  for (size_t at = 0; !plain && at < m.bytes.size(); at += block) {
    for (size_t i : {at + 1, at + 3, at + block - 1}) m.bytes[i] &= std::byte{0x2F};
  }
  m.view = {dtype, {rows, columns}, m.bytes.data(), m.bytes.size()};
  return m;
}

Matrix RandomFloats(int64_t rows, int64_t columns, float scale) {
  Random random(7);
  Matrix m;
  m.bytes.resize(static_cast<size_t>(rows * columns) * 4);
  for (size_t i = 0; i < m.bytes.size(); i += 4) {
    const float value = static_cast<float>(random.Normal()) * scale;
    std::memcpy(&m.bytes[i], &value, 4);
  }
  m.view = {DType::kF32, {rows, columns}, m.bytes.data(), m.bytes.size()};
  return m;
}

Matrix Pack(const TensorView& plain, DType packed) {
  Matrix m;
  m.bytes.resize(*ByteSize(packed, plain.shape));
  const size_t panel = PanelBytes(packed, static_cast<size_t>(plain.shape[1]));
  EXPECT_EQ(m.bytes.size() % panel, 0u);
  for (size_t i = 0; i < m.bytes.size() / panel; ++i) {
    PackPanel(plain, packed, i, m.bytes.data() + i * panel);
  }
  m.view = {packed, plain.shape, m.bytes.data(), m.bytes.size()};
  return m;
}

std::vector<float> Row(const TensorView& plain, size_t row) {
  const auto columns = static_cast<size_t>(plain.shape[1]);
  const DTypeInfo& info = Describe(plain.dtype);
  std::vector<float> out(columns);
  DecoderOf(plain.dtype)(plain.data + row * columns / info.block_elements * info.block_bytes,
                         columns, out.data());
  return out;
}

TEST(PackedTest, KeepsPlainTypesToTheBit) {
  for (DType dtype : {DType::kQ8_0, DType::kQ4_0, DType::kQ4_K, DType::kQ6_K, DType::kF32,
                      DType::kF16, DType::kBF16}) {
    const DType packed = PackedTypeOf(dtype);
    ASSERT_TRUE(IsPacked(packed));
    const size_t pair = dtype == DType::kBF16 ? 2 : 1;  // of columns
    EXPECT_EQ(Describe(packed).block_elements, Describe(dtype).block_elements * pair);
    for (int64_t rows : {1, 15, 16, 17, 40}) {
      for (int64_t blocks : {1, 2, 3}) {
        const auto block = static_cast<int64_t>(Describe(packed).block_elements);
        SCOPED_TRACE(StrCat(Describe(dtype).name, " ", rows, " x ", blocks * block));
        const Matrix plain = RandomBlocks(dtype, rows, blocks * block);
        const Matrix matrix = Pack(plain.view, packed);
        std::vector<float> got(static_cast<size_t>(blocks * block));
        for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
          UnpackRow(matrix.view, r, got.data());
          const std::vector<float> want = Row(plain.view, r);
          ASSERT_EQ(0, std::memcmp(got.data(), want.data(), got.size() * 4)) << "row " << r;
        }
        // What fills the last panel up is zero, so that no product of it is a number out of
        // nowhere.
        for (size_t r = static_cast<size_t>(rows); r % kPanelRows != 0; ++r) {
          UnpackRow(matrix.view, r, got.data());
          const float offset = dtype == DType::kQ4_0   ? -8.0f
                               : dtype == DType::kQ6_K ? -32.0f
                                                       : 0.0f;
          for (float value : got) ASSERT_EQ(value, 0.0f * offset);
        }
      }
    }
  }
}

// Relative root mean square error over normal weights.
double Error(DType packed) {
  const Matrix plain = RandomFloats(48, 512, 0.02f);
  const Matrix matrix = Pack(plain.view, packed);
  double off = 0, all = 0;
  std::vector<float> got(512);
  for (size_t r = 0; r < 48; ++r) {
    UnpackRow(matrix.view, r, got.data());
    const std::vector<float> want = Row(plain.view, r);
    for (size_t k = 0; k < 512; ++k) {
      off += std::pow(static_cast<double>(got[k] - want[k]), 2);
      all += std::pow(static_cast<double>(want[k]), 2);
    }
  }
  return std::sqrt(off / all);
}

TEST(PackedTest, QuantisedWeightsAreAsNearAsTheirBitsAllow) {
  EXPECT_LT(Error(DType::kQ8_0X16), 0.0055);
  EXPECT_LT(Error(DType::kW8X16), 0.0085);  // one scale for 512 values
  const double q4_0 = Error(DType::kQ4_0X16), q4g = Error(DType::kQ4GX16);
  const double q4_k = Error(DType::kQ4_KX16);
  EXPECT_LT(q4_0, 0.095);
  EXPECT_LT(q4_k, 0.076);
  EXPECT_LT(q4g, q4_k);
}

TEST(PackedTest, ShapesThatDoNotFitAreErrors) {
  EXPECT_EQ(*ByteSize(DType::kQ8_0X16, {17, 64}), 2 * PanelBytes(DType::kQ8_0X16, 64));
  EXPECT_EQ(*ByteSize(DType::kW8X16, {16, 64}), 64u + 16 * 64);
  EXPECT_EQ(ByteSize(DType::kQ8_0X16, {16, 33}).error().code(), StatusCode::kCorruption);
  EXPECT_EQ(ByteSize(DType::kQ8_0X16, {16}).error().code(), StatusCode::kCorruption);
  EXPECT_EQ(ByteSize(DType::kQ8_0X16, {2, 16, 32}).error().code(), StatusCode::kCorruption);
  EXPECT_EQ(ByteSize(DType::kQ8_0X16, {int64_t{1} << 40, int64_t{1} << 23}).error().code(),
            StatusCode::kCorruption);
}

}  // namespace
}  // namespace pano::tensor
