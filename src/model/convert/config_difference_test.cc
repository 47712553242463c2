#include "model/convert/config_difference.h"

#include <gtest/gtest.h>

#include "model/nn/model_config.h"

namespace pano::convert {
namespace {

nn::ModelConfig Small() {
  nn::ModelConfig config;
  config.vocab_size = 100;
  config.hidden_size = 64;
  config.layer_count = 2;
  config.head_count = config.kv_head_count = 4;
  config.head_dim = 16;
  config.layers.resize(2);
  config.rope.dim = 16;
  return config;
}

TEST(DifferenceTest, NamesTheFirst) {
  const nn::ModelConfig a = Small();
  EXPECT_EQ(Difference(a, a), "");
  nn::ModelConfig b = a;
  b.layers[1].window = 32;
  b.final_softcap = 30;
  EXPECT_EQ(Difference(a, b), "layer 1: attention window: 0 and 32");
  b = a;
  b.rope.scaling = nn::RopeConfig::Scaling::kDynamic;
  EXPECT_EQ(Difference(a, b).substr(0, 29), "rope scaling none and dynamic");
  b = a;
  b.experts.count = 8;
  EXPECT_EQ(Difference(a, b), "experts: 0 and 8");
}

TEST(DifferenceTest, WhatComputesTheSameIsTheSame) {
  const nn::ModelConfig a = Small();
  nn::ModelConfig b = a;
  b.architecture = "another name";
  b.attention_scale = 0.25;  // the default of heads of sixteen
  b.value_dim = 16;
  b.experts.size = 77;          // of no experts
  b.rope.original_context = 9;  // of no scaling
  b.local_rope.theta = 5;       // of no layer
  b.norm_epsilon = a.norm_epsilon * (1 + 1e-7f);
  EXPECT_EQ(Difference(a, b), "");
}

}  // namespace
}  // namespace pano::convert
