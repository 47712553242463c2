// Sequences with different adapters in one pass: each as it would be alone, to the bit, whatever its
// company, chunks and threads.
#include "model/nn/bound_adapter.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/threads.h"
#include "model/nn/decoder.h"
#include "model/nn/sequence_runner.h"
#include "model/nn/testing/random_adapter.h"
#include "model/nn/testing/random_model.h"

namespace pano::nn {
namespace {

std::vector<TokenId> Tokens(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<TokenId> tokens(count);
  for (TokenId& t : tokens) t = static_cast<TokenId>(random.Below(61));
  return tokens;
}

std::unique_ptr<Decoder> MakeDecoder(const ModelConfig& config, ComputePool& pool) {
  return std::make_unique<Decoder>(config, testing::DrawWeights(config, 1), KvType::kF32,
                                   ops::CreateCpuContext(Compute::kF32, pool));
}

// Logits of all tokens, fed in pieces.
std::vector<float> Alone(Decoder& decoder, const std::vector<TokenId>& tokens, size_t piece,
                         const BoundAdapter* adapter) {
  auto runner = SequenceRunner::Create(decoder, 64, adapter);
  std::vector<float> logits;
  for (size_t at = 0; at < tokens.size(); at += piece) {
    const auto part = std::span(tokens).subspan(at, std::min(piece, tokens.size() - at));
    EXPECT_TRUE(runner
                    ->Feed(part, 0,
                           [&](size_t, std::span<const float> row) {
                             logits.insert(logits.end(), row.begin(), row.end());
                           })
                    .ok());
  }
  return logits;
}

bool BitEqual(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

class BoundAdapterTest : public ::testing::TestWithParam<bool> {
 protected:
  const ModelConfig config_ = GetParam() ? testing::SmallMixture() : testing::SmallConfig();
};

TEST_P(BoundAdapterTest, AMixedBatchIsItsSequencesAlone) {
  ComputePool one(1), three(3);
  const std::unique_ptr<Decoder> lone = MakeDecoder(config_, one);
  const std::unique_ptr<Decoder> shared = MakeDecoder(config_, three);
  std::vector<std::unique_ptr<BoundAdapter>> of_lone(3), of_shared(3);
  for (size_t i = 0; i < 2; ++i) {
    of_lone[i] = testing::DrawAdapter(*lone, 3 + i, 7 + i);
    of_shared[i] = testing::DrawAdapter(*shared, 3 + i, 7 + i);
  }
  constexpr size_t kSequences = 7;
  std::vector<std::vector<TokenId>> tokens;
  std::vector<std::vector<float>> want;
  for (size_t i = 0; i < kSequences; ++i) {
    tokens.push_back(Tokens(5 + 6 * i, i));
    want.push_back(Alone(*lone, tokens[i], 64, of_lone[i % 3].get()));
    EXPECT_TRUE(BitEqual(Alone(*lone, tokens[i], 3, of_lone[i % 3].get()), want[i]));
    if (i % 3 < 2) {
      EXPECT_FALSE(BitEqual(Alone(*lone, tokens[i], 64, nullptr), want[i]));
      EXPECT_FALSE(BitEqual(Alone(*lone, tokens[i], 64, of_lone[(i % 3 + 1) % 2].get()), want[i]));
    }
  }
  auto state = shared->CreateState(shared->state_layout().Uniform(4 * kSequences));
  ASSERT_TRUE(state.ok());
  // All at once; then those that are even ones after those that are odd.
  for (const bool sorted : {false, true}) {
    StepPlan plan;
    std::vector<size_t> order;
    std::vector<std::vector<BlockId>> tables(kSequences);
    for (size_t i = 0; i < kSequences; ++i) order.push_back(sorted ? i * 3 % kSequences : i);
    for (size_t i : order) {
      for (BlockId b = 0; b < 4; ++b) tables[i].push_back(static_cast<BlockId>(4 * i) + b);
      SequenceSlice slice;
      slice.tokens = tokens[i];
      slice.tables = {tables[i]};
      slice.planned_length = 64;
      slice.logits_from = i % 2 ? tokens[i].size() - 1 : 0;
      slice.adapter = of_shared[i % 3].get();
      plan.slices.push_back(slice);
    }
    Logits logits;
    ASSERT_TRUE(shared->Forward(plan, **state, logits).ok());
    size_t row = 0;
    for (size_t i : order) {
      const size_t from = i % 2 ? tokens[i].size() - 1 : 0;
      for (size_t t = from; t < tokens[i].size(); ++t, ++row) {
        const auto expected = std::span(want[i]).subspan(t * logits.vocab(), logits.vocab());
        EXPECT_TRUE(BitEqual(std::as_const(logits).row(row), expected)) << i << ' ' << t;
      }
    }
  }
}

TEST_P(BoundAdapterTest, EachHasANumberOfItsOwn) {
  const BoundAdapter a, b;
  EXPECT_NE(a.id, b.id);
}

INSTANTIATE_TEST_SUITE_P(Kinds, BoundAdapterTest, ::testing::Bool(),
                         [](const auto& one) { return one.param ? "Mixture" : "Dense"; });

}  // namespace
}  // namespace pano::nn
