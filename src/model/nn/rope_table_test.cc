#include "model/nn/rope_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pano::nn {
namespace {

float CosAt(const RopeConfig& config, std::span<const float> factors, size_t pair) {
  RopeTable table(config, factors);
  return static_cast<float>(std::cos(table.Frequencies(1)[pair]) * table.attention_factor());
}

TEST(RopeTable, FrequenciesFallGeometrically) {
  RopeConfig config;
  config.dim = 4;
  EXPECT_FLOAT_EQ(CosAt(config, {}, 0), std::cos(1.0f));
  EXPECT_FLOAT_EQ(CosAt(config, {}, 1), std::cos(0.01f));
}

TEST(RopeTable, Llama3StretchesLongWavesOnly) {
  RopeConfig config;
  config.dim = 4;
  config.scaling = RopeConfig::Scaling::kLlama3;
  config.factor = 8;
  config.original_context = 64;  // the second pair's wavelength is 628 positions
  EXPECT_FLOAT_EQ(CosAt(config, {}, 0), std::cos(1.0f));
  EXPECT_FLOAT_EQ(CosAt(config, {}, 1), std::cos(0.01f / 8));
}

TEST(RopeTable, FactorsDivide) {
  RopeConfig config;
  config.dim = 4;
  const float factors[] = {2.0f, 1.0f};
  EXPECT_FLOAT_EQ(CosAt(config, factors, 0), std::cos(0.5f));
}

}  // namespace
}  // namespace pano::nn
