#include "model/nn/layers/latent_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/threads.h"
#include "model/nn/testing/one_sequence.h"
#include "model/nn/testing/random_model.h"
#include "model/ops/testing/naive_operators.h"

namespace pano::nn {
namespace {

using testing::OneSequence;
using testing::RandomRows;

constexpr size_t kHidden = 48;

std::vector<float> Output(ops::OpContext& ops, const ModelConfig& config,
                       const DecoderWeights& weights, const std::vector<float>& x, size_t chunk) {
  OneSequence sequence(config, ops);
  LatentAttention attention(config, weights.layers[0], 0, sequence.slot(0));
  std::vector<float> out;
  for (size_t at = 0; at < x.size(); at += chunk * kHidden) {
    const size_t end = std::min(x.size(), at + chunk * kHidden);
    const auto part = sequence.Run(attention, {x.begin() + static_cast<std::ptrdiff_t>(at),
                                               x.begin() + static_cast<std::ptrdiff_t>(end)});
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

TEST(LatentAttention, ATokenAloneTakesItsValuesOutOfItsLatent) {
  const ModelConfig config = testing::SmallLatent();
  const DecoderWeights weights = testing::DrawWeights(config, 1);
  ComputePool pool(1);
  auto ops = ops::CreateCpuContext(Compute::kF32, pool);
  const std::vector<float> x = RandomRows(1, kHidden, 2);
  const std::vector<float> got = Output(*ops, config, weights, x, 1);

  const LatentWeights& w = weights.layers[0].latent;
  std::vector<double> latent = testing::Multiply(w.kv_a, testing::ToDouble(x));
  latent.resize(24);
  double squares = 0;
  for (double v : latent) squares += v * v;
  const double scale = 1 / std::sqrt(squares / 24 + 1e-6);
  for (size_t i = 0; i < 24; ++i) {
    latent[i] *= scale * static_cast<double>(w.kv_a_norm.weight[i]);
  }
  std::vector<double> values;
  for (const Linear& up : w.value_up) {
    const std::vector<double> value = testing::Multiply(up, latent);
    values.insert(values.end(), value.begin(), value.end());
  }
  const std::vector<double> want = testing::Multiply(weights.layers[0].o, values);
  for (size_t d = 0; d < kHidden; ++d) EXPECT_NEAR(got[d], want[d], 1e-5);
}

TEST(LatentAttention, EqualsPlainLoopsAndDoesNotDependOnChunks) {
  ComputePool pool(2);
  auto cpu = ops::CreateCpuContext(Compute::kF32, pool);
  auto naive = ops::testing::CreateNaiveContext(pool);
  for (int64_t q_rank : {20, 0}) {
    ModelConfig config = testing::SmallLatent();
    config.latent->q_rank = q_rank;
    const DecoderWeights weights = testing::DrawWeights(config, 1);
    const std::vector<float> x = RandomRows(70, kHidden, 2);
    const std::vector<float> whole = Output(*cpu, config, weights, x, 70);
    const std::vector<float> want = Output(*naive, config, weights, x, 70);
    for (size_t d = 0; d < whole.size(); ++d) ASSERT_NEAR(whole[d], want[d], 2e-5);
    EXPECT_EQ(Output(*cpu, config, weights, x, 7), whole);  // to the bit
  }
}

}  // namespace
}  // namespace pano::nn
