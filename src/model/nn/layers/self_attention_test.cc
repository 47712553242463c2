#include "model/nn/layers/self_attention.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/threads.h"
#include "model/nn/testing/one_sequence.h"
#include "model/nn/testing/random_model.h"
#include "model/ops/testing/naive_operators.h"

namespace pano::nn {
namespace {

using testing::OneSequence;
using testing::RandomRows;

class SelfAttentionTest : public ::testing::Test {
 protected:
  std::vector<float> Run(const ModelConfig& config, const std::vector<float>& x,
                         std::span<const int32_t> ids = {}) {
    const DecoderWeights weights = testing::DrawWeights(config, 1);
    return RunOn(*cpu_, config, weights, x, ids);
  }
  static std::vector<float> RunOn(ops::OpContext& ops, const ModelConfig& config,
                                  const DecoderWeights& weights, const std::vector<float>& x,
                                  std::span<const int32_t> ids = {}) {
    OneSequence sequence(config, ops);
    PositionBias bias(config, weights.relative_bias, 0, config.head_count);
    PassRows rows(config);
    const std::vector<BlockId> block(4);
    const std::vector<std::span<const BlockId>> tables(1, block);
    RowSpan span;
    span.count = x.size() / kHidden;
    span.tables = tables;
    span.position_ids = ids;
    rows.Reset({&span, 1}, 1);
    bias.Reset(rows);
    SelfAttention attention(config, weights.layers[0], 0, sequence.slot(0), bias);
    return sequence.Run(attention, x, {}, ids);
  }

  static constexpr size_t kHidden = 48;
  ComputePool pool_{2};
  std::unique_ptr<ops::OpContext> cpu_ = ops::CreateCpuContext(Compute::kF32, pool_);
  std::unique_ptr<ops::OpContext> naive_ = ops::testing::CreateNaiveContext(pool_);
};

TEST_F(SelfAttentionTest, ATokenAloneTakesItsOwnValue) {
  const ModelConfig config = testing::SmallConfig();
  const DecoderWeights weights = testing::DrawWeights(config, 1);
  const std::vector<float> x = RandomRows(1, kHidden, 2);
  const std::vector<float> got = RunOn(*cpu_, config, weights, x);
  const LayerWeights& w = weights.layers[0];
  const std::vector<double> v = testing::Multiply(w.v, testing::ToDouble(x));
  std::vector<double> attended;
  for (size_t h = 0; h < 4; ++h) {  // two query heads a key head
    const auto from = v.begin() + static_cast<std::ptrdiff_t>(h / 2 * 12);
    attended.insert(attended.end(), from, from + 12);
  }
  const std::vector<double> want = testing::Multiply(w.o, attended);
  for (size_t d = 0; d < kHidden; ++d) EXPECT_NEAR(got[d], want[d], 1e-5);
}

TEST_F(SelfAttentionTest, LaterTokensAreNotSeenAndWindowsForget) {
  for (int64_t window : {0, 3}) {
    ModelConfig config = testing::SmallConfig();
    for (LayerConfig& layer : config.layers) layer.window = window;
    std::vector<float> x = RandomRows(9, kHidden, 3);
    const std::vector<float> before = Run(config, x);
    for (size_t d = 0; d < kHidden; ++d) x[4 * kHidden + d] += 1.0f;  // token 4 changes
    const std::vector<float> after = Run(config, x);
    for (size_t r = 0; r < 9; ++r) {
      const bool same = std::equal(before.begin() + static_cast<std::ptrdiff_t>(r * kHidden),
                                   before.begin() + static_cast<std::ptrdiff_t>((r + 1) * kHidden),
                                   after.begin() + static_cast<std::ptrdiff_t>(r * kHidden));
      const bool sees = r >= 4 && (window == 0 || r < 4 + 3);
      EXPECT_EQ(same, !sees) << "row " << r << ", window " << window;
    }
  }
}

TEST_F(SelfAttentionTest, BothWaysSeesAllWithinHalfAWindow) {
  ModelConfig config = testing::SmallConfig();
  config.causal = false;
  for (LayerConfig& layer : config.layers) layer.window = 4;
  // A gap: ids go by place in the text, not by row.
  const std::vector<int32_t> ids = {0, 1, 2, 10, 11, 12};
  std::vector<float> x = RandomRows(6, kHidden, 3);
  const std::vector<float> before = Run(config, x, ids);
  x[2 * kHidden] += 1.0f;
  const std::vector<float> after = Run(config, x, ids);
  for (size_t r = 0; r < 6; ++r) {
    EXPECT_EQ(before[r * kHidden] != after[r * kHidden], r < 3) << r;
  }
}

TEST_F(SelfAttentionTest, EveryOptionEqualsPlainLoops) {
  std::vector<ModelConfig> configs(6, testing::SmallConfig());
  configs[0].qk_norm = QkNorm::kHead;
  configs[1].qk_norm = QkNorm::kHeads;
  configs[1].rope.interleaved = true;
  configs[2].qk_norm = QkNorm::kRow;
  configs[2].attention_softcap = 3.0f;
  configs[3].alibi = true;
  configs[3].layers[0].rope = LayerConfig::Rope::kNone;
  configs[4].relative_buckets = 8;
  configs[4].relative_distance = 16;
  configs[4].causal = false;
  configs[5].value_dim = 20;
  configs[5].qkv_bias = configs[5].output_bias = true;
  for (size_t i = 0; i < configs.size(); ++i) {
    const DecoderWeights weights = testing::DrawWeights(configs[i], 4);
    const std::vector<float> x = RandomRows(70, kHidden, 5);
    const std::vector<float> got = RunOn(*cpu_, configs[i], weights, x);
    const std::vector<float> want = RunOn(*naive_, configs[i], weights, x);
    for (size_t d = 0; d < got.size(); ++d) ASSERT_NEAR(got[d], want[d], 2e-5) << "option " << i;
  }
}

}  // namespace
}  // namespace pano::nn
