// A whole decoder on a second implementation of the operators, the plain float64 loops, equals the
// CPU's: nothing above the operators knows the device.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/threads.h"
#include "model/nn/decoder.h"
#include "model/nn/sequence_runner.h"
#include "model/nn/testing/random_model.h"
#include "model/ops/testing/naive_operators.h"

namespace pano::nn {
namespace {

std::vector<float> Logits(const ModelConfig& config, std::unique_ptr<ops::OpContext> ops) {
  Decoder decoder(config, testing::DrawWeights(config, 1), KvType::kF32, std::move(ops));
  Random random(2);
  std::vector<TokenId> tokens(70);
  for (TokenId& t : tokens) t = static_cast<TokenId>(random.Below(61));
  auto runner = SequenceRunner::Create(decoder, 70);
  EXPECT_TRUE(runner.ok());
  std::vector<float> logits;
  EXPECT_TRUE(runner
                  ->Feed(tokens, 0,
                         [&](size_t, std::span<const float> row) {
                           logits.insert(logits.end(), row.begin(), row.end());
                         })
                  .ok());
  return logits;
}

class DecoderDevices : public ::testing::TestWithParam<ModelConfig> {};

TEST_P(DecoderDevices, GiveTheSameWithinFloatRounding) {
  ComputePool pool(2);
  const std::vector<float> cpu =
      Logits(GetParam(), ops::CreateCpuContext(Compute::kF32, pool));
  const std::vector<float> naive = Logits(GetParam(), ops::testing::CreateNaiveContext(pool));
  ASSERT_EQ(cpu.size(), naive.size());
  double worst = 0, largest = 0;
  for (size_t i = 0; i < cpu.size(); ++i) {
    worst = std::max(worst, static_cast<double>(std::abs(cpu[i] - naive[i])));
    largest = std::max(largest, static_cast<double>(std::abs(naive[i])));
  }
  // What known answers are given.
  EXPECT_LT(worst, 2e-5 * largest);
  EXPECT_GT(worst, 0) << "both ran the same code";
}

// Once the largest pass has run, passes take all their memory from the workspace.
TEST_P(DecoderDevices, PassesAllocateNoScratchOnceSettled) {
  ComputePool pool(2);
  auto owned = ops::CreateCpuContext(Compute::kF32, pool);
  ops::OpContext& ops = *owned;
  Decoder decoder(GetParam(), testing::DrawWeights(GetParam(), 1), KvType::kF32, std::move(owned));
  auto feed = [&](size_t count) {
    const std::vector<TokenId> tokens(count, 7);
    auto runner = SequenceRunner::Create(decoder, 100);
    ASSERT_TRUE(runner.ok());
    ASSERT_TRUE(runner->Feed(tokens, 0, [](size_t, std::span<const float>) {}).ok());
  };
  feed(64);
  const size_t settled = ops.workspace().allocations();
  EXPECT_GT(settled, 0u);
  for (size_t count : {1, 64, 3, 50}) feed(count);
  EXPECT_EQ(ops.workspace().allocations(), settled);
}

ModelConfig Everything() {
  ModelConfig c = testing::SmallConfig();
  c.norm = NormKind::kLayer;
  c.norm_bias = true;
  c.parallel = true;
  c.alibi = true;
  c.rope.dim = 0;
  c.learned_positions = 128;
  c.embedding_norm = true;
  c.embedding_scale = 3.0f;
  c.head_transform = ops::Activation::kGelu;
  c.logit_scale = 0.5f;
  c.final_softcap = 2.0f;
  c.residual_scale = 0.7f;
  c.gated = false;
  return c;
}

INSTANTIATE_TEST_SUITE_P(Models, DecoderDevices,
                         ::testing::Values(testing::SmallConfig(), testing::SmallMixture(),
                                           testing::SmallLatent(), Everything()));

}  // namespace
}  // namespace pano::nn
