#include "model/kernels/activation/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "model/kernels/testing/isa_test.h"

namespace pano::kernels {
namespace {

double Reference(Activation activation, double z) {
  switch (activation) {
    case Activation::kSilu:
      return z / (1 + std::exp(-z));
    case Activation::kGelu:
      return 0.5 * z * std::erfc(-z / std::sqrt(2.0));
    case Activation::kGeluTanh:
      return 0.5 * z * (1 + std::tanh(std::sqrt(2 / M_PI) * (z + 0.044715 * z * z * z)));
    case Activation::kQuickGelu:
      return z / (1 + std::exp(-1.702 * z));
    case Activation::kRelu:
      return std::max(z, 0.0);
  }
  return NAN;
}

constexpr Activation kAll[] = {Activation::kSilu, Activation::kGelu, Activation::kGeluTanh,
                               Activation::kQuickGelu, Activation::kRelu};

class ActivationTest : public IsaTest {};

TEST_P(ActivationTest, AgreesWithDoubleFromEndToEnd) {
  std::vector<float> z, up;
  for (float x = -100.0f; x <= 100.0f; x += 0.037f) {
    z.push_back(x);
    up.push_back(1.5f);
  }
  for (Activation activation : kAll) {
    std::vector<float> plain = z, gated = z;
    SelectIsa(mask()).activation(activation).plain(plain.data(), plain.size());
    SelectIsa(mask()).activation(activation).gated(gated.data(), up.data(), gated.size());
    for (size_t i = 0; i < z.size(); ++i) {
      const double expected = Reference(activation, static_cast<double>(z[i]));
      // Relative everywhere, but for what cancels in the tails of the normal distribution.
      EXPECT_NEAR(plain[i], expected, 1e-6 * std::abs(expected) + 3e-7) << z[i];
      EXPECT_NEAR(gated[i], 1.5 * expected, 1.5e-6 * std::abs(expected) + 5e-7) << z[i];
    }
  }
}

TEST_P(ActivationTest, PassesNanOn) {
  for (Activation activation : kAll) {
    float x = NAN;
    SelectIsa(mask()).activation(activation).plain(&x, 1);
    EXPECT_TRUE(std::isnan(x));
  }
}

PANO_FOR_EVERY_ISA(ActivationTest);

}  // namespace
}  // namespace pano::kernels
