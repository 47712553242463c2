#include "model/nn/layers/cross_attention.h"

#include <gtest/gtest.h>

#include "base/threads.h"
#include "model/nn/testing/one_sequence.h"
#include "model/nn/testing/random_model.h"
#include "model/ops/testing/naive_operators.h"

namespace pano::nn {
namespace {

using testing::OneSequence;
using testing::RandomRows;

ModelConfig CrossConfig() {
  ModelConfig config = testing::SmallConfig();
  config.cross_attention = true;
  return config;
}

std::vector<float> Output(ops::OpContext& ops, const ModelConfig& config,
                       const DecoderWeights& weights, const std::vector<float>& x,
                       const std::vector<float>& memory) {
  OneSequence sequence(config, ops);
  CrossAttention attention(config, weights.layers[0], 0);
  return sequence.Run(attention, x, memory);
}

TEST(CrossAttention, OneRowOfMemoryIsWhatEveryRowTakes) {
  const ModelConfig config = CrossConfig();
  const DecoderWeights weights = testing::DrawWeights(config, 1);
  ComputePool pool(1);
  auto ops = ops::CreateCpuContext(Compute::kF32, pool);
  const std::vector<float> memory = RandomRows(1, 48, 2);
  const std::vector<float> got = Output(*ops, config, weights, RandomRows(3, 48, 3), memory);
  const LayerWeights& w = weights.layers[0];
  const std::vector<double> v = testing::Multiply(w.cross_v, testing::ToDouble(memory));
  std::vector<double> attended;
  for (size_t h = 0; h < 4; ++h) {
    const auto from = v.begin() + static_cast<std::ptrdiff_t>(h / 2 * 12);
    attended.insert(attended.end(), from, from + 12);
  }
  const std::vector<double> want = testing::Multiply(w.cross_o, attended);
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i % 48], 1e-5);
}

TEST(CrossAttention, EqualsPlainLoops) {
  const ModelConfig config = CrossConfig();
  const DecoderWeights weights = testing::DrawWeights(config, 1);
  ComputePool pool(2);
  auto cpu = ops::CreateCpuContext(Compute::kF32, pool);
  auto naive = ops::testing::CreateNaiveContext(pool);
  const std::vector<float> x = RandomRows(5, 48, 3), memory = RandomRows(45, 48, 2);
  const std::vector<float> got = Output(*cpu, config, weights, x, memory);
  const std::vector<float> want = Output(*naive, config, weights, x, memory);
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want[i], 2e-5);
}

}  // namespace
}  // namespace pano::nn
