#include "model/engine/speculation/model_draft.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "model/engine/testing/fake_model.h"

namespace pano::engine {
namespace {

using Tokens = std::vector<TokenId>;

class ModelDraftTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }

  static std::unique_ptr<DraftSource> Make(FakeModel& model, Options options = {}) {
    if (options.context_max == 0) options.context_max = 512;
    auto source = ModelDraft::Create(model, 64, options, Clock::Real());
    EXPECT_TRUE(source.ok()) << source.status().ToString();
    return std::move(source).value();
  }

  static Tokens Ask(DraftSource& source, const Tokens& tokens, int64_t count, SequenceKey key = 1) {
    std::vector<DraftRequest> requests(1);
    requests[0] = {key, tokens, 0, count};
    source.Propose(requests);
    return requests[0].draft;
  }

  // The model's likeliest tokens, from the whole sequence every time.
  static Tokens Likeliest(const FakeModel& model, Tokens tokens, int64_t count) {
    Tokens draft;
    for (int64_t i = 0; i < count; ++i) {
      std::vector<float> row = model.LogitsFor(tokens);
      draft.push_back(static_cast<TokenId>(std::ranges::max_element(row) - row.begin()));
      tokens.push_back(draft.back());
    }
    return draft;
  }
};

TEST_F(ModelDraftTest, FollowsSequencesWhateverBecomesOfItsDrafts) {
  for (const auto& groups : {std::vector{FakeModel::Paged(64)}, std::vector{FakeModel::Window(5)},
                             std::vector{FakeModel::Window(40), FakeModel::Paged(64)}}) {
    FakeModel model({.groups = groups});
    auto source = Make(model);
    Random random(1);
    std::vector<Tokens> sequences(3);
    for (int round = 0; round < 60; ++round) {
      std::vector<DraftRequest> requests;
      std::vector<size_t> who;
      for (size_t i = 0; i < sequences.size(); ++i) {
        Tokens& tokens = sequences[i];
        // Ends, and somebody else begins.
        if (tokens.size() > 150) {
          source->Forget(i);
          tokens.clear();
        }
        for (uint64_t n = 1 + random.Below(tokens.empty() ? 70 : 3); n > 0; --n) {
          tokens.push_back(static_cast<TokenId>(random.Below(64)));
        }
        if (random.Below(4) == 0) continue;  // is not asked about
        requests.push_back({i, tokens, 0, 1 + static_cast<int64_t>(random.Below(6))});
        who.push_back(i);
      }
      source->Propose(requests);
      for (size_t k = 0; k < requests.size(); ++k) {
        Tokens& tokens = sequences[who[k]];
        ASSERT_EQ(requests[k].draft, Likeliest(model, tokens, requests[k].count));
        // Some beginning of it was right, all of it now and then.
        const uint64_t right = random.Below(requests[k].draft.size() + 1);
        tokens.insert(tokens.end(), requests[k].draft.begin(),
                      requests[k].draft.begin() + static_cast<std::ptrdiff_t>(right));
      }
    }
  }
}

TEST_F(ModelDraftTest, ComputesOnlyWhatItHasNotSeen) {
  FakeModel model;
  auto source = Make(model);
  Tokens tokens(20, 7);
  Tokens draft = Ask(*source, tokens, 4);
  EXPECT_EQ(model.tokens, 20 + 3);
  tokens.insert(tokens.end(), draft.begin(), draft.end());
  tokens.push_back(3);  // all right, and the one that comes behind
  Ask(*source, tokens, 1);
  EXPECT_EQ(model.tokens, 23 + 2);
  tokens.push_back((Ask(*source, tokens, 1)[0] + 1) % 64);  // wrong
  const int64_t before = model.tokens;
  Ask(*source, tokens, 1);
  EXPECT_EQ(model.tokens, before + 1);
}

TEST_F(ModelDraftTest, CatchesUpWithLongPromptsPieceByPiece) {
  FakeModel model({.groups = {FakeModel::Window(9)}});
  auto source = Make(model);
  Random random(2);
  Tokens tokens(400);
  for (TokenId& token : tokens) token = static_cast<TokenId>(random.Below(64));
  EXPECT_EQ(Ask(*source, tokens, 3), Tokens());
  EXPECT_EQ(Ask(*source, tokens, 3), Likeliest(model, tokens, 3));
  EXPECT_LE(model.tokens_max, 256);
}

TEST_F(ModelDraftTest, GivesUpWhenMemoryIsShort) {
  FakeModel model({.groups = {FakeModel::Paged(1000)}});
  auto source = Make(model, {.speculation = {.draft_kv_bytes_max = 3000}});
  Tokens tokens(60, 7);
  EXPECT_EQ(Ask(*source, tokens, 3, 1).size(), 3u);  // two blocks
  EXPECT_EQ(Ask(*source, tokens, 3, 2).size(), 0u);
  EXPECT_EQ(Ask(*source, Tokens(20, 7), 3, 3).size(), 3u);
  tokens.resize(64, 7);
  EXPECT_EQ(Ask(*source, tokens, 3, 1).size(), 0u);  // there is no third one
  EXPECT_EQ(Ask(*source, tokens, 3, 1).size(), 0u);
  EXPECT_EQ(Ask(*source, tokens, 1, 2).size(), 0u);  // once and for all
  source->Forget(2);
  EXPECT_EQ(Ask(*source, tokens, 1, 2).size(), 1u);
}

TEST_F(ModelDraftTest, GivesUpBeyondItsContext) {
  FakeModel model({.context_length = 64});
  auto source = Make(model);
  EXPECT_EQ(Ask(*source, Tokens(60, 7), 5).size(), 5u);
  EXPECT_EQ(Ask(*source, Tokens(61, 7), 5).size(), 0u);
}

TEST_F(ModelDraftTest, GivesUpWhenTheModelFails) {
  FakeModel model({.poison = 50});
  auto source = Make(model);
  SetLogLevel(LogLevel::kError);
  EXPECT_EQ(Ask(*source, {3, 50}, 3).size(), 0u);
  EXPECT_EQ(Ask(*source, {3, 50, 4}, 3).size(), 0u);
  EXPECT_EQ(model.steps, 0);
  EXPECT_EQ(Ask(*source, {3, 4}, 3, 2).size(), 3u);
}

TEST_F(ModelDraftTest, LeavesRequestsThatHaveADraft) {
  FakeModel model;
  auto source = Make(model);
  const Tokens tokens(9, 4);
  std::vector<DraftRequest> requests(1);
  requests[0] = {1, tokens, 0, 3, {8}};
  source->Propose(requests);
  EXPECT_EQ(requests[0].draft, Tokens{8});
  EXPECT_EQ(model.steps, 0);
}

TEST_F(ModelDraftTest, RefusesWhatDoesNotFit) {
  FakeModel other({.vocab_size = 63});
  EXPECT_EQ(ModelDraft::Create(other, 64, {}, Clock::Real()).status().code(),
            StatusCode::kInvalidArgument);
  FakeModel fixed({.groups = {{nn::StateGroup::Kind::kFixed, 1, 8, 0}}});
  EXPECT_EQ(ModelDraft::Create(fixed, 64, {}, Clock::Real()).status().code(),
            StatusCode::kInvalidArgument);
  FakeModel big({.groups = {FakeModel::Paged(2048)}});
  EXPECT_EQ(
      ModelDraft::Create(big, 64, {.context_max = 64, .speculation = {.draft_kv_bytes_max = 100}},
                         Clock::Real())
          .status()
          .code(),
      StatusCode::kExhausted);
}

}  // namespace
}  // namespace pano::engine
