#include "model/kernels/low_rank/low_rank.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/random.h"
#include "model/kernels/testing/isa_test.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

using tensor::DType;

struct Matrix {
  std::vector<std::byte> bytes;
  tensor::TensorView view;
  std::vector<double> values;  // that it holds
};

Matrix RandomMatrix(DType dtype, size_t rows, size_t columns, uint64_t seed) {
  Random random(seed);
  Matrix matrix;
  const tensor::Shape shape = {static_cast<int64_t>(rows), static_cast<int64_t>(columns)};
  matrix.bytes.resize(*tensor::ByteSize(dtype, shape));
  for (size_t i = 0; i < rows * columns; ++i) {
    auto value = static_cast<float>(random.Normal());
    const uint16_t half =
        dtype == DType::kF16 ? tensor::FloatToHalf(value) : tensor::FloatToBFloat(value);
    if (dtype == DType::kF32) {
      std::memcpy(matrix.bytes.data() + i * 4, &value, 4);
    } else {
      std::memcpy(matrix.bytes.data() + i * 2, &half, 2);
      value = dtype == DType::kF16 ? tensor::HalfToFloat(half) : tensor::BFloatToFloat(half);
    }
    matrix.values.push_back(static_cast<double>(value));
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

class LowRankTest : public TypeIsaTest {
 protected:
  // y += B (scale A x) for `m` rows that lie `gap` floats apart.
  std::vector<float> Apply(const Matrix& a, const Matrix& b, const std::vector<float>& x,
                           std::vector<float> y, size_t m, size_t gap = 0) const {
    const auto rank = static_cast<size_t>(a.view.shape[0]),
               k = static_cast<size_t>(a.view.shape[1]),
               n = static_cast<size_t>(b.view.shape[0]);
    const LowRankKernels& kernels = SelectIsa(mask()).low_rank;
    std::vector<float> t(m * rank);
    LowRankDown down{&a.view, 0.5f, x.data(), k + gap, t.data(), m, k};
    kernels.down(type())(down, 0, rank);
    const std::vector<std::byte> panels = LowRankPanels(b.view);
    LowRankUp up{panels.data(), rank, t.data(), y.data(), n + gap, m, n};
    kernels.up(type())(up, 0, LowRankPanelCount(n));
    return y;
  }
};

TEST_P(LowRankTest, AgreesWithDoubleOverShapesAroundTheLanes) {
  for (size_t rank : {1, 2, 3, 4, 16, 65}) {
    for (size_t k : {1, 15, 16, 33}) {
      for (size_t n : {1, 16, 31, 48}) {
        for (size_t m : {1, 2, 3, 5, 9}) {
          const size_t gap = 3;
          const Matrix a = RandomMatrix(type(), rank, k, 1), b = RandomMatrix(type(), n, rank, 2);
          const std::vector<float> x = RandomFloats(m * (k + gap), 3);
          const std::vector<float> before = RandomFloats(m * (n + gap), 4);
          const std::vector<float> y = Apply(a, b, x, before, m, gap);
          for (size_t i = 0; i < m; ++i) {
            for (size_t o = 0; o < n + gap; ++o) {
              const size_t at = i * (n + gap) + o;
              double want = static_cast<double>(before[at]), size = 1;
              for (size_t j = 0; j < rank && o < n; ++j) {
                double sum = 0;
                for (size_t d = 0; d < k; ++d) {
                  sum += a.values[j * k + d] * static_cast<double>(x[i * (k + gap) + d]);
                }
                want += 0.5 * sum * b.values[o * rank + j];
                size += std::abs(sum * b.values[o * rank + j]) + static_cast<double>(k);
              }
              ASSERT_NEAR(y[at], want, 1e-6 * size) << rank << ' ' << k << ' ' << n << ' ' << m;
            }
          }
        }
      }
    }
  }
}

// A row's bits are the same alone, in company, and however outputs are divided.
TEST_P(LowRankTest, ARowDoesNotDependOnItsCompany) {
  const size_t rank = 17, k = 83, n = 70, m = 13;
  const Matrix a = RandomMatrix(type(), rank, k, 1), b = RandomMatrix(type(), n, rank, 2);
  const std::vector<float> x = RandomFloats(m * k, 3), before = RandomFloats(m * n, 4);
  const std::vector<float> all = Apply(a, b, x, before, m);
  auto at = [](const std::vector<float>& v, size_t i) {
    return v.begin() + static_cast<std::ptrdiff_t>(i);
  };
  for (size_t i = 0; i < m; ++i) {
    const std::vector<float> row(at(x, i * k), at(x, (i + 1) * k));
    const std::vector<float> from(at(before, i * n), at(before, (i + 1) * n));
    EXPECT_EQ(Apply(a, b, row, from, 1), std::vector<float>(at(all, i * n), at(all, (i + 1) * n)));
  }
  const LowRankKernels& kernels = SelectIsa(mask()).low_rank;
  std::vector<float> t(m * rank), y = before;
  const LowRankDown down{&a.view, 0.5f, x.data(), k, t.data(), m, k};
  for (size_t j = 0; j < rank; ++j) kernels.down(type())(down, j, j + 1);
  const std::vector<std::byte> panels = LowRankPanels(b.view);
  const LowRankUp up{panels.data(), rank, t.data(), y.data(), n, m, n};
  for (size_t p = 0; p < LowRankPanelCount(n); ++p) kernels.up(type())(up, p, p + 1);
  EXPECT_EQ(y, all);
}

PANO_FOR_EVERY_TYPE_AND_ISA(LowRankTest,
                            ::testing::Values(DType::kF32, DType::kF16, DType::kBF16));

}  // namespace
}  // namespace pano::kernels
