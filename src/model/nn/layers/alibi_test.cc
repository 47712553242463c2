#include "model/nn/layers/alibi.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pano::nn {
namespace {

// Six heads: the four of n = 4 (2^-2, 2^-4, 2^-6, 2^-8), then the first and third of n = 8 (2^-1,
// 2^-3). Powers of two are exact in bfloat16.
TEST(Alibi, HeadsThatAreNoPowerOfTwoTakeFromTheFinerScale) {
  const std::vector<float> bias = AlibiBias(0, 6, 6, 3, /*head_dim=*/16);
  const double slopes[] = {-2, -4, -6, -8, -1, -3};
  for (size_t h = 0; h < 6; ++h) {
    for (size_t t = 0; t < 3; ++t) {
      EXPECT_EQ(bias[h * 3 + t],
                static_cast<float>(std::exp2(slopes[h]) * static_cast<double>(t) / 4))
          << h << ' ' << t;
    }
  }
}

TEST(Alibi, AShareOfTheHeadsIsThatPartOfAll) {
  const std::vector<float> all = AlibiBias(0, 12, 12, 40, 8), part = AlibiBias(5, 4, 12, 40, 8);
  EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + 5 * 40));
}

// Products are rounded to bfloat16's eight bits before the scale.
TEST(Alibi, ProductsAreRoundedToBFloat) {
  const std::vector<float> bias = AlibiBias(0, 1, 8, 400, /*head_dim=*/1);
  EXPECT_EQ(bias[257], 128.0f);  // 257 becomes 256, half of it
  EXPECT_EQ(bias[259], 130.0f);  // 260
}

}  // namespace
}  // namespace pano::nn
