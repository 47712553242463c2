#include "model/kernels/rope/rope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"

namespace pano::kernels {
namespace {

struct Angles {
  std::vector<float> v, cos, sin;
  explicit Angles(size_t dim) : v(dim), cos(dim / 2), sin(dim / 2) {
    Random random(dim);
    for (float& x : v) x = static_cast<float>(random.Normal());
    for (size_t i = 0; i < dim / 2; ++i) {
      const double angle = 10 * random.Uniform();
      cos[i] = static_cast<float>(std::cos(angle));
      sin[i] = static_cast<float>(std::sin(angle));
    }
  }
};

TEST(Rope, BothLayoutsAgreeWithDouble) {
  for (size_t dim : {0, 2, 6, 16, 34, 128}) {
    const Angles in(dim);
    std::vector<float> halves = in.v, interleaved = in.v;
    RopeHalves(halves.data(), in.cos.data(), in.sin.data(), dim);
    RopeInterleaved(interleaved.data(), in.cos.data(), in.sin.data(), dim);
    auto expect = [&](const std::vector<float>& got, size_t first, size_t second, size_t pair) {
      const auto a = static_cast<double>(in.v[first]), b = static_cast<double>(in.v[second]);
      const auto c = static_cast<double>(in.cos[pair]), s = static_cast<double>(in.sin[pair]);
      EXPECT_NEAR(got[first], a * c - b * s, 3e-7 * (std::abs(a) + std::abs(b)));
      EXPECT_NEAR(got[second], a * s + b * c, 3e-7 * (std::abs(a) + std::abs(b)));
    };
    for (size_t i = 0; i < dim / 2; ++i) {
      expect(halves, i, i + dim / 2, i);
      expect(interleaved, 2 * i, 2 * i + 1, i);
    }
  }
}

TEST(Rope, LeavesWhatIsBehindItAlone) {
  Angles in(8);
  const std::vector<float> before = in.v;
  RopeHalves(in.v.data(), in.cos.data(), in.sin.data(), 4);
  for (size_t i = 4; i < 8; ++i) EXPECT_EQ(in.v[i], before[i]);
}

}  // namespace
}  // namespace pano::kernels
