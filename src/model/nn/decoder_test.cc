#include "model/nn/decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/random.h"
#include "base/threads.h"
#include "model/nn/load.h"
#include "model/nn/testing/tiny_model.h"

namespace pano::nn {
namespace {

using testing::TinyModel;

std::vector<TokenId> RandomTokens(size_t count, uint64_t seed) {
  Random random(seed);
  std::vector<TokenId> tokens(count);
  for (TokenId& t : tokens) t = static_cast<TokenId>(random.Below(TinyModel::kVocab));
  return tokens;
}

// A sequence with a block table of its own, run through in slices.
struct Walk {
  std::vector<TokenId> tokens = {};
  std::vector<BlockId> table = {};
  size_t done = 0;
  std::vector<float> logits = {};  // [tokens, vocab]

  SequenceSlice Next(size_t count) {
    count = std::min(count, tokens.size() - done);
    SequenceSlice slice;
    slice.tokens = std::span(tokens).subspan(done, count);
    slice.position = static_cast<int64_t>(done);
    slice.tables = {table};
    done += count;
    return slice;
  }
};

// All logits of a sequence run alone and at once.
std::vector<float> Alone(Model& model, const std::vector<TokenId>& tokens) {
  auto state = model.CreateState(model.state_layout().Uniform(16));
  Walk run{tokens, {0, 1, 2, 3, 4, 5, 6, 7}};
  StepPlan plan{{run.Next(tokens.size())}};
  Logits logits;
  EXPECT_TRUE(model.Forward(plan, **state, logits).ok());
  return {logits.data(), logits.data() + logits.rows() * logits.vocab()};
}

bool BitEqual(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class DecoderTest : public ::testing::TestWithParam<KvType> {
 protected:
  std::unique_ptr<Model> Load(ComputePool& pool) {
    LoadOptions options;
    options.kv_type = GetParam();
    auto model = LoadModel(tiny_.files, options, pool);
    EXPECT_TRUE(model.ok()) << model.error().ToString();
    return std::move(*model);
  }
  TinyModel tiny_;
};

TEST_P(DecoderTest, LogitsDoNotDependOnChunksBatchOrThreadsToTheBit) {
  ComputePool one(1);
  std::unique_ptr<Model> reference = Load(one);
  std::vector<std::vector<TokenId>> prompts;
  std::vector<std::vector<float>> expected;
  for (size_t i = 0; i < 6; ++i) {
    prompts.push_back(RandomTokens(20 + 37 * i, i));
    expected.push_back(Alone(*reference, prompts.back()));
  }
  for (int threads : {1, 3}) {
    ComputePool pool(threads);
    std::unique_ptr<Model> model = Load(pool);
    for (uint64_t seed = 0; seed < 3; ++seed) {
      Random random(seed);
      auto state = model->CreateState(model->state_layout().Uniform(64));
      ASSERT_TRUE(state.ok());
      std::vector<Walk> runs;
      for (size_t i = 0; i < prompts.size(); ++i) {
        runs.push_back({prompts[i], std::vector<BlockId>(8)});
      }
      BlockId next = 63;
      for (Walk& run : runs) {
        for (BlockId& block : run.table) block = next--;
      }
      while (true) {
        StepPlan plan;
        std::vector<Walk*> stepped;
        for (Walk& run : runs) {
          if (run.done == run.tokens.size() || random.Below(4) == 0) continue;
          plan.slices.push_back(run.Next(1 + random.Below(random.Below(2) ? 1 : 40)));
          stepped.push_back(&run);
        }
        if (plan.slices.empty()) {
          bool all_done = std::all_of(runs.begin(), runs.end(), [](const Walk& run) {
            return run.done == run.tokens.size();
          });
          if (all_done) break;
          continue;
        }
        Logits logits;
        ASSERT_TRUE(model->Forward(plan, **state, logits).ok());
        size_t row = 0;
        for (size_t i = 0; i < stepped.size(); ++i) {
          for (size_t t = 0; t < plan.slices[i].tokens.size(); ++t, ++row) {
            auto values = logits.row(row);
            stepped[i]->logits.insert(stepped[i]->logits.end(), values.begin(), values.end());
          }
        }
      }
      for (size_t i = 0; i < runs.size(); ++i) {
        EXPECT_TRUE(BitEqual(runs[i].logits, expected[i])) << "sequence " << i << " seed " << seed;
      }
    }
  }
}

TEST_P(DecoderTest, GivesOnlyTheRowsThatAreAskedFor) {
  ComputePool pool(1);
  std::unique_ptr<Model> model = Load(pool);
  std::vector<TokenId> tokens = RandomTokens(10, 1);
  std::vector<float> all = Alone(*model, tokens);
  auto state = model->CreateState(model->state_layout().Uniform(2));
  Walk run{tokens, {0}};
  SequenceSlice slice = run.Next(10);
  slice.logits_from = 8;
  Logits logits;
  ASSERT_TRUE(model->Forward({{slice}}, **state, logits).ok());
  ASSERT_EQ(logits.rows(), 2u);
  const size_t vocab = TinyModel::kVocab;
  EXPECT_EQ(0, std::memcmp(logits.data(), &all[8 * vocab], 2 * vocab * sizeof(float)));
}

TEST_P(DecoderTest, RefusesTokensAndPositionsThatDoNotExist) {
  ComputePool pool(1);
  std::unique_ptr<Model> model = Load(pool);
  auto state = model->CreateState(model->state_layout().Uniform(2));
  Logits logits;
  for (TokenId bad : {TokenId{-1}, TokenId{TinyModel::kVocab}}) {
    Walk run{{bad}, {0}};
    EXPECT_EQ(model->Forward({{run.Next(1)}}, **state, logits).code(),
              StatusCode::kInvalidArgument);
  }
  Walk run{{1}, {0}};
  SequenceSlice slice = run.Next(1);
  slice.position = TinyModel::kContext;
  EXPECT_EQ(model->Forward({{slice}}, **state, logits).code(), StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(KvTypes, DecoderTest, ::testing::Values(KvType::kF32, KvType::kF16));

}  // namespace
}  // namespace pano::nn
