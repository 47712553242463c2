#include "model/kernels/matmul/matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/random.h"
#include "base/strings.h"
#include "model/kernels/testing/isa_test.h"
#include "model/tensor/half.h"
#include "model/tensor/packed.h"

namespace pano::kernels {
namespace {

using tensor::DType;

// A random weight matrix of any supported type, with the bytes it views.
struct Matrix {
  std::vector<std::byte> bytes;
  tensor::TensorView view;
};

Matrix RandomMatrix(DType dtype, size_t n, size_t k, uint64_t seed) {
  Random random(seed);
  Matrix matrix;
  tensor::Shape shape = {static_cast<int64_t>(n), static_cast<int64_t>(k)};
  matrix.bytes.resize(*tensor::ByteSize(dtype, shape));
  auto put = [&](size_t at, auto value) {
    std::memcpy(matrix.bytes.data() + at * sizeof value, &value, sizeof value);
  };
  for (size_t i = 0; i < n * k; ++i) {
    auto value = static_cast<float>(random.Normal());
    if (dtype == DType::kF32) put(i, value);
    if (dtype == DType::kF16) put(i, tensor::FloatToHalf(value));
    if (dtype == DType::kBF16) put(i, tensor::FloatToBFloat(value));
    if (dtype == DType::kF64) put(i, static_cast<double>(value));
  }
  const tensor::DTypeInfo& info = tensor::Describe(dtype);
  if (info.block_elements > 1) {
    for (std::byte& byte : matrix.bytes) byte = static_cast<std::byte>(random.Below(256));
    // Half-precision scales, up to two, lie at either end of a block: small and finite there.
    for (size_t end = info.block_bytes; end <= matrix.bytes.size(); end += info.block_bytes) {
      const size_t begin = end - info.block_bytes;
      for (size_t i : {begin + 1, begin + 3, end - 3, end - 1}) matrix.bytes[i] &= std::byte{0x2F};
    }
  }
  matrix.view = {dtype, shape, matrix.bytes.data(), matrix.bytes.size()};
  return matrix;
}

std::vector<float> RandomFloats(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<float> out(count);
  for (float& x : out) x = static_cast<float>(random.Normal());
  return out;
}

std::vector<float> Multiply(const Matrix& w, const std::vector<float>& x, size_t m,
                            const float* bias, CpuMask mask) {
  MatMulArgs args;
  args.w = &w.view;
  args.x = x.data();
  args.bias = bias;
  args.m = m;
  args.n = static_cast<size_t>(w.view.shape[0]);
  args.k = static_cast<size_t>(w.view.shape[1]);
  std::vector<float> y(m * args.n);
  args.y = y.data();
  std::vector<float> scratch(kMatMulPanelRows * PaddedK(args.k));
  SelectMatMul(w.view.dtype, mask)(args, 0, args.n, scratch.data());
  return y;
}

class MatMulTest : public TypeIsaTest {};

TEST_P(MatMulTest, AgreesWithDoubleOverShapesAroundTheLanes) {
  const DType dtype = type();
  std::vector<size_t> ks = {1, 15, 16, 17, 33, 172};
  if (dtype == DType::kQ8_0) ks = {32, 64, 192};
  if (dtype == DType::kQ4_K) ks = {256, 512};
  for (size_t k : ks) {
    for (size_t n : {1, 2, 3, 4, 7}) {
      for (size_t m : {1, 2, 3, 5, 33}) {
        SCOPED_TRACE(StrCat("m ", m, " n ", n, " k ", k));
        Matrix w = RandomMatrix(dtype, n, k, k * 100 + n);
        std::vector<float> x = RandomFloats(m * k, m), bias = RandomFloats(n, 9);
        std::vector<float> y = Multiply(w, x, m, bias.data(), mask());
        std::vector<float> row(PaddedK(k));
        for (size_t j = 0; j < n; ++j) {
          DequantiseRow(w.view, j, row.data());
          for (size_t i = 0; i < m; ++i) {
            double sum = 0, magnitude = 0;
            for (size_t l = 0; l < k; ++l) {
              double product = static_cast<double>(x[i * k + l]) * static_cast<double>(row[l]);
              sum += product;
              magnitude += std::abs(product);
            }
            // Sixteen lanes: k/16 roundings a lane, five more in the tree and the bias.
            double bound = (static_cast<double>(k) / 16 + 6) * 0x1p-24 * (magnitude + 4);
            ASSERT_NEAR(y[i * n + j], sum + static_cast<double>(bias[j]), bound);
          }
        }
      }
    }
  }
}

TEST_P(MatMulTest, RowsDoNotDependOnTheBatchToTheBit) {
  const DType dtype = type();
  const size_t k = dtype == DType::kQ4_K ? 256 : 96, n = 11, m = 64;
  Matrix w = RandomMatrix(dtype, n, k, 3);
  std::vector<float> x = RandomFloats(m * k, 4);
  std::vector<float> whole = Multiply(w, x, m, nullptr, mask());
  for (size_t i = 0; i < m; ++i) {
    std::vector<float> row(x.begin() + static_cast<long>(i * k),
                           x.begin() + static_cast<long>((i + 1) * k));
    std::vector<float> alone = Multiply(w, row, 1, nullptr, mask());
    ASSERT_EQ(0, std::memcmp(alone.data(), whole.data() + i * n, n * sizeof(float))) << "row " << i;
  }
}

PANO_FOR_EVERY_TYPE_AND_ISA(MatMulTest, testing::Values(DType::kF32, DType::kF16, DType::kBF16,
                                                        DType::kQ8_0, DType::kQ4_K, DType::kF64));

// Decoded and then multiplied as F32: the same bits.
using DecodedMatMulTest = IsaTest;
TEST_P(DecodedMatMulTest, EveryTypeEqualsItsDecodedRows) {
  const size_t n = 7, k = 512;
  for (size_t type = 0; type < tensor::kDTypeCount; ++type) {
    const auto dtype = static_cast<DType>(type);
    if (!MatMulSupports(dtype) || tensor::IsPacked(dtype)) continue;
    SCOPED_TRACE(tensor::Describe(dtype).name);
    const Matrix w = RandomMatrix(dtype, n, k, type);
    Matrix plain = RandomMatrix(DType::kF32, n, k, 0);
    auto* rows = reinterpret_cast<float*>(plain.bytes.data());
    for (size_t row = 0; row < n; ++row) DequantiseRow(w.view, row, rows + row * k);
    for (size_t m : {1, 5, 40}) {
      const std::vector<float> x = RandomFloats(m * k, m);
      const std::vector<float> got = Multiply(w, x, m, nullptr, mask());
      const std::vector<float> want = Multiply(plain, x, m, nullptr, mask());
      ASSERT_EQ(0, std::memcmp(got.data(), want.data(), got.size() * sizeof(float))) << m;
    }
  }
  EXPECT_FALSE(MatMulSupports(DType::kI32));
}
PANO_FOR_EVERY_ISA(DecodedMatMulTest);

TEST(MatMul, DoesNotDependOnTheNumberOfThreads) {
  Matrix w = RandomMatrix(DType::kF16, 100, 80, 1);
  std::vector<float> x = RandomFloats(5 * 80, 2), first;
  for (int threads : {1, 2, 5}) {
    ComputePool pool(threads);
    std::vector<float> y(5 * 100);
    MatMulArgs args;
    args.w = &w.view;
    args.x = x.data();
    args.y = y.data();
    args.m = 5, args.n = 100, args.k = 80;
    MatMul(args, pool);
    if (first.empty()) first = y;
    EXPECT_EQ(first, y);
  }
}

}  // namespace
}  // namespace pano::kernels
