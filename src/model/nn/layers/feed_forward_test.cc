// Feed-forward blocks and mixtures of them, by their formulas.
#include "model/nn/layers/feed_forward.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/threads.h"
#include "model/nn/layers/mixture_of_experts.h"
#include "model/nn/testing/one_sequence.h"
#include "model/nn/testing/random_model.h"

namespace pano::nn {
namespace {

using testing::Multiply;
using testing::RandomRows;
using testing::ToDouble;

constexpr size_t kHidden = 48;

std::vector<float> Output(ChannelMixer& mixer, const std::vector<float>& x) {
  ComputePool pool(2);
  auto ops = ops::CreateCpuContext(Compute::kF32, pool);
  std::vector<float> out(x.size());
  const size_t rows = x.size() / kHidden;
  EXPECT_TRUE(mixer.Mix(*ops, ops::ConstRows(x.data(), rows, kHidden),
                        ops::Rows(out.data(), rows, kHidden))
                  .ok());
  return out;
}

// silu(gate x) * (up x) through down.
std::vector<double> Gated(const Linear& gate, const Linear& up, const Linear& down,
                          const std::vector<double>& x) {
  std::vector<double> inner = Multiply(gate, x);
  const std::vector<double> other = Multiply(up, x);
  for (size_t i = 0; i < inner.size(); ++i) inner[i] *= other[i] / (1 + std::exp(-inner[i]));
  return Multiply(down, inner);
}

std::vector<double> Row(const std::vector<float>& x, size_t row) {
  return ToDouble(std::span(x).subspan(row * kHidden, kHidden));
}

TEST(FeedForward, GatedAndPlain) {
  ModelConfig config = testing::SmallConfig();
  config.mlp_bias = true;
  const DecoderWeights weights = testing::DrawWeights(config, 1);
  const LayerWeights& w = weights.layers[0];
  const std::vector<float> x = RandomRows(5, kHidden, 2);
  FeedForward gated(ops::Activation::kSilu, w.gate, w.up, w.down);
  const Linear none;
  FeedForward plain(ops::Activation::kRelu, none, w.up, w.down);
  const std::vector<float> a = Output(gated, x), b = Output(plain, x);
  for (size_t r = 0; r < 5; ++r) {
    const std::vector<double> first = Gated(w.gate, w.up, w.down, Row(x, r));
    std::vector<double> inner = Multiply(w.up, Row(x, r));
    for (double& v : inner) v = std::max(v, 0.0);
    const std::vector<double> second = Multiply(w.down, inner);
    for (size_t d = 0; d < kHidden; ++d) {
      EXPECT_NEAR(a[r * kHidden + d], first[d], 1e-5);
      EXPECT_NEAR(b[r * kHidden + d], second[d], 1e-5);
    }
  }
  EXPECT_FALSE(gated.reduces());
}

TEST(MixtureOfExperts, IsTheWeightedSumOfTheBestAndTheShared) {
  const ModelConfig config = testing::SmallMixture();
  const DecoderWeights weights = testing::DrawWeights(config, 1);
  const ExpertWeights& w = weights.layers[0].experts;
  const std::vector<float> x = RandomRows(9, kHidden, 2);
  MixtureOfExperts mixture(config, w);
  const std::vector<float> got = Output(mixture, x);
  for (size_t r = 0; r < 9; ++r) {
    const std::vector<double> row = Row(x, r), logits = Multiply(w.router, row);
    size_t best = 0, second = 1;
    for (size_t e = 0; e < 4; ++e) {
      if (logits[e] > logits[best]) best = e;
    }
    if (best == second) second = 0;
    for (size_t e = 0; e < 4; ++e) {
      if (e != best && logits[e] > logits[second]) second = e;
    }
    const double share = 1 / (1 + std::exp(logits[second] - logits[best]));
    const std::vector<double> a = Gated(w.gate[best], w.up[best], w.down[best], row),
                              b = Gated(w.gate[second], w.up[second], w.down[second], row),
                              c = Gated(w.shared_gate, w.shared_up, w.shared_down, row);
    const double gate = 1 / (1 + std::exp(-Multiply(w.shared_router, row)[0]));
    for (size_t d = 0; d < kHidden; ++d) {
      EXPECT_NEAR(got[r * kHidden + d], share * a[d] + (1 - share) * b[d] + gate * c[d], 1e-5);
    }
  }
}

TEST(MixtureOfExperts, ARowDoesNotDependOnItsCompany) {
  const ModelConfig config = testing::SmallMixture();
  const DecoderWeights weights = testing::DrawWeights(config, 1);
  MixtureOfExperts mixture(config, weights.layers[0].experts);
  const std::vector<float> x = RandomRows(40, kHidden, 2);
  const std::vector<float> all = Output(mixture, x);
  for (size_t r = 0; r < 40; ++r) {
    const auto begin = static_cast<std::ptrdiff_t>(r * kHidden);
    const std::vector<float> row(x.begin() + begin, x.begin() + begin + kHidden);
    const std::vector<float> want(all.begin() + begin, all.begin() + begin + kHidden);
    EXPECT_EQ(Output(mixture, row), want);
  }
}

}  // namespace
}  // namespace pano::nn
