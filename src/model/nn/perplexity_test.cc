#include "model/nn/perplexity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "base/threads.h"
#include "model/nn/load.h"
#include "model/nn/testing/tiny_model.h"

namespace pano::nn {
namespace {

TEST(Perplexity, ScoresEachTokenOnceWhateverTheWindows) {
  testing::TinyModel tiny;
  ComputePool pool(1);
  auto model = LoadModel(tiny.files, {}, pool);
  ASSERT_TRUE(model.ok());
  std::vector<TokenId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(i % 61);
  EXPECT_EQ(MeasurePerplexity(**model, ids, 100, 50)->tokens, 99);
  EXPECT_EQ(MeasurePerplexity(**model, ids, 30, 10)->tokens, 99);
  // Where stride = context each later window's first token is unscored.
  EXPECT_EQ(MeasurePerplexity(**model, ids, 25, 25)->tokens, 99 - 3);
  EXPECT_FALSE(MeasurePerplexity(**model, ids, 10, 11).ok());
  EXPECT_FALSE(MeasurePerplexity(**model, std::vector<TokenId>{1}, 10, 5).ok());
}

TEST(Divergence, IsZeroOfAModelFromItselfAndPositiveFromAnother) {
  testing::TinyModel tiny, other;
  other.weights->Remove("model.norm.weight");
  other.weights->Add("model.norm.weight", {testing::TinyModel::kHidden},
                     std::vector<float>(testing::TinyModel::kHidden, 1.0f));
  ComputePool pool(1);
  auto model = LoadModel(tiny.files, {}, pool), same = LoadModel(tiny.files, {}, pool),
       changed = LoadModel(other.files, {}, pool);
  std::vector<TokenId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(i * 7 % 61);
  auto none = MeasureDivergence(**model, **same, ids, 40, 15);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->kl, 0.0);
  EXPECT_EQ(none->model.tokens, 99);
  EXPECT_EQ(none->model.nll, MeasurePerplexity(**model, ids, 40, 15)->nll);
  auto some = MeasureDivergence(**model, **changed, ids, 40, 15);
  ASSERT_TRUE(some.ok());
  EXPECT_GT(some->mean_kl(), 0.0);
  EXPECT_EQ(some->reference.nll, none->model.nll);
  EXPECT_EQ(some->model.nll, MeasurePerplexity(**changed, ids, 40, 15)->nll);
}

TEST(Perplexity, MatchesTheKnownAnswers) {
  PANO_KNOWN_ANSWERS(SharedAnswers, known, PANO_SOURCE_DIR, "weights/stories260K/hf");
  const std::string& root = known.path();
  auto text = ReadFile(JoinPath(root, "perplexity.json"));
  auto answers = json::Parse(*text);
  ASSERT_TRUE(answers.ok());
  std::vector<TokenId> ids;
  for (const json::Value& id : answers->Find("ids")->as_array()) {
    ids.push_back(static_cast<TokenId>(id.as_int()));
  }
  auto files = format::OpenModel(root);
  ASSERT_TRUE(files.ok());
  ComputePool pool(2);
  LoadOptions options;
  options.compute = Compute::kF32;
  auto model = LoadModel(*files, options, pool);
  ASSERT_TRUE(model.ok());
  for (const json::Value& run : answers->Find("runs")->as_array()) {
    auto got = MeasurePerplexity(**model, ids, run.Find("context")->as_int(),
                                 run.Find("stride")->as_int());
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->tokens, run.Find("scored_tokens")->as_int());
    known.Compared(static_cast<size_t>(got->tokens));
    EXPECT_NEAR(got->nll, run.Find("nll_sum")->as_double(),
                1e-5 * run.Find("nll_sum")->as_double());
  }
}

}  // namespace
}  // namespace pano::nn
