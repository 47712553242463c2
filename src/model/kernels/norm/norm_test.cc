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
    SelectIsa(mask()).rms_norm(x.data(), w.data(), nullptr, 1e-5f, n, y.data());
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
      SelectIsa(mask()).layer_norm(x.data(), w.data(), bias ? b.data() : nullptr, 1e-5f, n,
                                   y.data());
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

}  // namespace
}  // namespace pano::kernels
