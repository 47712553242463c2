#include "model/convert/rope_factors.h"

#include <gtest/gtest.h>

#include "model/nn/model_config.h"

namespace pano::convert {
namespace {

nn::RopeConfig Llama3(double factor, double low, double high, int64_t original) {
  nn::RopeConfig rope;
  rope.theta = 500000;
  rope.dim = 128;
  rope.scaling = nn::RopeConfig::Scaling::kLlama3;
  rope.factor = factor;
  rope.low_freq_factor = low;
  rope.high_freq_factor = high;
  rope.original_context = original;
  return rope;
}

TEST(RopeFactorsTest, RunFromOneToTheFactor) {
  const std::vector<float> factors = Llama3Factors(Llama3(8, 1, 4, 8192));
  ASSERT_EQ(factors.size(), 64u);
  EXPECT_EQ(factors.front(), 1);
  EXPECT_FLOAT_EQ(factors.back(), 8);
  for (size_t i = 1; i < factors.size(); ++i) EXPECT_GE(factors[i], factors[i - 1]);
}

TEST(RopeFactorsTest, TheScalingIsFoundAgain) {
  for (const nn::RopeConfig& rope : {Llama3(8, 1, 4, 8192), Llama3(32, 1, 4, 8192),
                                     Llama3(4, 1, 4, 512), Llama3(16, 1, 3, 5000)}) {
    nn::RopeConfig plain = rope;
    plain.scaling = nn::RopeConfig::Scaling::kNone;
    const auto found = FindLlama3Scaling(plain, Llama3Factors(rope), 512);
    ASSERT_TRUE(found.has_value()) << rope.factor;
    EXPECT_FLOAT_EQ(static_cast<float>(found->factor), static_cast<float>(rope.factor));
    EXPECT_EQ(found->original_context, rope.original_context);
    EXPECT_NEAR(found->high_freq_factor, rope.high_freq_factor, 1e-3);
  }
}

TEST(RopeFactorsTest, ShortHeadsGetOneThatGivesTheSame) {
  nn::RopeConfig rope = Llama3(8, 1, 4, 32);
  rope.dim = 16;
  nn::RopeConfig plain = rope;
  plain.scaling = nn::RopeConfig::Scaling::kNone;
  const auto found = FindLlama3Scaling(plain, Llama3Factors(rope), 256);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(Llama3Factors(*found), Llama3Factors(rope));
}

TEST(RopeFactorsTest, OtherNumbersAreNoSuchScaling) {
  std::vector<float> factors = Llama3Factors(Llama3(8, 1, 4, 8192));
  factors[40] *= 1.01f;
  nn::RopeConfig plain = Llama3(8, 1, 4, 8192);
  plain.scaling = nn::RopeConfig::Scaling::kNone;
  EXPECT_FALSE(FindLlama3Scaling(plain, factors, 8192).has_value());
  EXPECT_FALSE(FindLlama3Scaling(plain, {}, 8192).has_value());
}

}  // namespace
}  // namespace pano::convert
