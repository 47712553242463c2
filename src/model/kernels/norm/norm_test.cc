#include "model/kernels/norm/norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "model/kernels/testing/isa_test.h"

namespace pano::kernels {
namespace {

using RmsNorm = IsaTest;
TEST_P(RmsNorm, AgreesWithDouble) {
  for (size_t n : {1, 15, 16, 17, 64, 100}) {
    Random random(n);
    std::vector<float> x(n), w(n), y(n);
    double squares = 0;
    for (size_t i = 0; i < n; ++i) {
      x[i] = static_cast<float>(random.Normal());
      w[i] = static_cast<float>(random.Normal());
      squares += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
    SelectIsa(mask()).rms_norm({.x = x.data(), .y = y.data(), .rows = 1, .width = n, .weight = w.data(), .epsilon = 1e-5f});
    double scale = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
    for (size_t i = 0; i < n; ++i) {
      double expected = static_cast<double>(x[i]) * scale * static_cast<double>(w[i]);
      EXPECT_NEAR(y[i], expected, 1e-6 * (1 + std::abs(expected)));
    }
  }
}
PANO_FOR_EVERY_ISA(RmsNorm);

using LayerNorm = IsaTest;
TEST_P(LayerNorm, AgreesWithDouble) {
  for (size_t n : {1, 15, 16, 17, 64, 100}) {
    for (bool bias : {false, true}) {
      Random random(n);
      std::vector<float> x(n), w(n), b(n), y(n);
      double mean = 0, squares = 0;
      for (size_t i = 0; i < n; ++i) {
        x[i] = 3.0f + static_cast<float>(random.Normal());
        w[i] = static_cast<float>(random.Normal());
        b[i] = bias ? static_cast<float>(random.Normal()) : 0.0f;
        mean += static_cast<double>(x[i]) / static_cast<double>(n);
      }
      for (float v : x) squares += std::pow(static_cast<double>(v) - mean, 2.0);
      SelectIsa(mask()).layer_norm({.x = x.data(), .y = y.data(), .rows = 1, .width = n, .weight = w.data(),
                                    .bias = bias ? b.data() : nullptr, .epsilon = 1e-5f});
      const double scale = 1 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
      for (size_t i = 0; i < n; ++i) {
        const double expected =
            (static_cast<double>(x[i]) - mean) * scale * static_cast<double>(w[i]) +
            static_cast<double>(b[i]);
        EXPECT_NEAR(y[i], expected, 3e-6 * (1 + std::abs(expected))) << n;
      }
    }
  }
}
PANO_FOR_EVERY_ISA(LayerNorm);

// Rows with gaps between them: each has the bits of a row alone, and what is added comes first.
class NormOfRows : public IsaTest {
 protected:
  void Check(NormFn norm, size_t rows, size_t n) {
    const size_t stride = n + 3;
    Random random(rows + n);
    std::vector<float> x(rows * stride), added(rows * stride), w(n), b(n);
    for (std::vector<float>* v : {&x, &added, &w, &b}) {
      for (float& value : *v) value = static_cast<float>(random.Normal());
    }
    std::vector<float> sums = x, want(rows * stride, 7.0f), got = x;
    for (size_t r = 0; r < rows; ++r) {
      for (size_t i = 0; i < n; ++i) sums[r * stride + i] += 0.5f * added[r * stride + i];
      norm({.x = &sums[r * stride], .y = &want[r * stride], .rows = 1, .width = n, .weight = w.data(),
            .bias = b.data(), .epsilon = 1e-5f});
    }
    norm({.x = got.data(), .x_stride = stride, .added = added.data(), .added_stride = stride,
          .added_scale = 0.5f, .y = got.data(), .y_stride = stride, .rows = rows, .width = n,
          .weight = w.data(), .bias = b.data(), .epsilon = 1e-5f});
    for (size_t r = 0; r < rows; ++r) {
      for (size_t i = 0; i < stride; ++i) {
        const size_t at = r * stride + i;
        EXPECT_EQ(got[at], i < n ? want[at] : x[at]) << rows << " rows of " << n << ": " << r << ", " << i;
      }
    }
  }
};
TEST_P(NormOfRows, EachIsAsIfAlone) {
  for (size_t rows : {1, 3, 4, 5, 9}) {
    for (size_t n : {1, 16, 37, 64}) {
      Check(SelectIsa(mask()).rms_norm, rows, n);
      Check(SelectIsa(mask()).layer_norm, rows, n);
    }
  }
}
PANO_FOR_EVERY_ISA(NormOfRows);

}  // namespace
}  // namespace pano::kernels
