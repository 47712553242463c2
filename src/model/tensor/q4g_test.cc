#include "model/tensor/q4g.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"
#include "model/tensor/packed.h"

namespace pano::tensor {
namespace {

TEST(Q4GTest, CodesFitFourProductsInSixteenBits) {
  int largest = 0;
  for (int i = 0; i < 16; ++i) {
    const int shifted = kQ4GCodes[i] + kQ4GZero;
    EXPECT_GE(shifted, 0);
    largest = std::max(largest, shifted);
    if (i > 0) {
      EXPECT_GT(kQ4GCodes[i], kQ4GCodes[i - 1]);
    }
  }
  EXPECT_LE(8 * largest * 127, 32767);
}

TEST(Q4GTest, ScalesAreSignedAndGrowWithTheByte) {
  EXPECT_EQ(Q4GScale(0), 0.0f);
  for (int byte = 1; byte < 128; ++byte) {
    const auto b = static_cast<uint8_t>(byte);
    EXPECT_GT(Q4GScale(b), Q4GScale(static_cast<uint8_t>(byte - 1)));
    EXPECT_EQ(Q4GScale(static_cast<uint8_t>(b | 0x80)), -Q4GScale(b));
  }
  EXPECT_EQ(Q4GScale(127) * 16, kQ4GMax);
}

TEST(Q4GTest, NearestCodeIsNearest) {
  for (float x = -20; x < 20; x += 0.03f) {
    const float got = std::abs(x - static_cast<float>(kQ4GCodes[NearestQ4GCode(x)]));
    for (int8_t code : kQ4GCodes) EXPECT_LE(got, std::abs(x - static_cast<float>(code)));
  }
}

TEST(Q4GTest, KeepsZerosAndLargeValues) {
  float values[16] = {};
  uint8_t scale = 9, codes[16];
  EncodeQ4G(values, &scale, codes);
  EXPECT_EQ(Q4GScale(scale), 0.0f);
  for (float magnitude : {1e-4f, 0.02f, 1.0f, 7.4f}) {
    for (float sign : {-1.0f, 1.0f}) {
      Random random(3);
      for (float& v : values) v = 0.3f * magnitude * static_cast<float>(random.Normal());
      values[5] = sign * magnitude;
      EncodeQ4G(values, &scale, codes);
      double off = 0, all = 0;
      for (int i = 0; i < 16; ++i) {
        const float got = Q4GScale(scale) * static_cast<float>(kQ4GCodes[codes[i]]);
        off += std::pow(static_cast<double>(got - values[i]), 2);
        all += std::pow(static_cast<double>(values[i]), 2);
      }
      EXPECT_LT(std::sqrt(off / all), magnitude < 1e-3f ? 0.25 : 0.12) << magnitude;
    }
  }
}

}  // namespace
}  // namespace pano::tensor
