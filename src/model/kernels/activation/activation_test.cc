#include "model/kernels/activation/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "model/kernels/isa.h"

namespace pano::kernels {
namespace {

TEST(SwiGlu, AgreesWithDoubleFromEndToEnd) {
  for (CpuMask mask : {CpuMask{0}, ActiveCpuMask()}) {
    std::vector<float> gate, up;
    for (float z = -100.0f; z <= 100.0f; z += 0.37f) {
      gate.push_back(z);
      up.push_back(1.5f);
    }
    std::vector<float> out = gate;
    SelectIsa(mask).swiglu(out.data(), up.data(), out.size());
    for (size_t i = 0; i < out.size(); ++i) {
      double z = static_cast<double>(gate[i]);
      double expected = 1.5 * z / (1 + std::exp(-z));
      EXPECT_NEAR(out[i], expected, 1e-6 * std::abs(expected) + 1e-30) << z;
    }
  }
}

TEST(SwiGlu, PassesNanOn) {
  std::vector<float> gate = {NAN}, up = {1.0f};
  SelectIsa().swiglu(gate.data(), up.data(), 1);
  EXPECT_TRUE(std::isnan(gate[0]));
}

}  // namespace
}  // namespace pano::kernels
