// Known answers of the committed starter model, computed in float64 by the trainer's own model from
// the stored weights. These need nothing that is not in the checkout, so they always run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/format/weights.h"
#include "model/nn/load.h"
#include "model/nn/perplexity.h"
#include "model/nn/sequence_runner.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"

namespace pano {
namespace {

using nn::TokenId;

std::vector<TokenId> Ids(const json::Value& list) {
  std::vector<TokenId> ids;
  for (const json::Value& id : list.as_array()) ids.push_back(static_cast<TokenId>(id.as_int()));
  return ids;
}

class StarterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = format::OpenModel(kFolder);
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    files_ = std::move(*opened);
    nn::LoadOptions options;
    options.compute = nn::Compute::kF32;
    auto model = nn::LoadModel(files_, options, pool_);
    ASSERT_TRUE(model.ok()) << model.error().ToString();
    model_ = std::move(*model);
    auto tokenizer = tokenizer::LoadTokenizer(kFolder);
    ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().ToString();
    tokenizer_ = *tokenizer;
    auto text = ReadFile(JoinPath(kFolder, "expected.json"));
    ASSERT_TRUE(text.ok());
    expected_ = *json::Parse(*text);
  }

  const std::string kFolder = PANO_SOURCE_DIR "/models/starter";
  ComputePool pool_{2};
  format::ModelFiles files_;
  std::unique_ptr<nn::Model> model_;
  tokenizer::TokenizerPtr tokenizer_;
  json::Value expected_;
};

TEST_F(StarterTest, TokenizerAndLogitsAgree) {
  for (const json::Value& answer : expected_.Find("prompts")->as_array()) {
    std::vector<TokenId> ids = Ids(*answer.Find("ids"));
    EXPECT_EQ(*tokenizer_->Encode(answer.Find("prompt")->as_string()), ids);
    auto runner = nn::SequenceRunner::Create(*model_, static_cast<int64_t>(ids.size()));
    ASSERT_TRUE(runner.ok());
    std::vector<float> last;
    ASSERT_TRUE(runner
                    ->Feed(ids, ids.size() - 1,
                           [&](size_t, std::span<const float> row) {
                             last.assign(row.begin(), row.end());
                           })
                    .ok());
    const double bound = 2e-5 * answer.Find("logits_max_abs")->as_double();
    const json::Array& first = answer.Find("logits_first")->as_array();
    for (size_t i = 0; i < first.size(); ++i) {
      EXPECT_NEAR(last[i], first[i].as_double(), bound) << "logit " << i;
    }
    EXPECT_EQ(std::max_element(last.begin(), last.end()) - last.begin(),
              answer.Find("argmax")->as_int());
  }
}

TEST_F(StarterTest, EngineContinuesGreedilyAloneAndInCompany) {
  engine::Options options;
  auto engine = engine::Engine::Create(*model_, tokenizer_, pool_, options);
  ASSERT_TRUE(engine.ok()) << engine.error().ToString();
  const json::Array& answers = expected_.Find("prompts")->as_array();
  for (int company : {1, 8}) {
    std::vector<std::pair<const json::Value*, std::shared_ptr<engine::TokenStream>>> streams;
    for (int copy = 0; copy < company; ++copy) {
      for (const json::Value& answer : answers) {
        engine::Request request;
        request.prompt = Ids(*answer.Find("ids"));
        request.max_tokens = static_cast<int64_t>(answer.Find("greedy")->as_array().size());
        request.sampling.temperature = 0;
        request.ignore_eos = true;
        auto stream = (*engine)->Submit(std::move(request));
        ASSERT_TRUE(stream.ok()) << stream.error().ToString();
        streams.emplace_back(&answer, *stream);
      }
    }
    for (auto& [answer, stream] : streams) {
      std::vector<TokenId> got;
      while (auto event = stream->Pop()) {
        if (event->kind == engine::Event::Kind::kToken) got.push_back(event->token_id);
      }
      EXPECT_EQ(got, Ids(*answer->Find("greedy"))) << "in a company of " << company;
    }
  }
}

TEST_F(StarterTest, PerplexityAgrees) {
  const json::Value& perplexity = *expected_.Find("perplexity");
  const std::vector<TokenId> ids = Ids(*perplexity.Find("ids"));
  auto text = ReadFile(JoinPath(kFolder, expected_.Find("text")->as_string()));
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*tokenizer_->Encode(*text), ids);
  for (const json::Value& run : perplexity.Find("runs")->as_array()) {
    auto got = nn::MeasurePerplexity(*model_, ids, run.Find("context")->as_int(),
                                     run.Find("stride")->as_int());
    ASSERT_TRUE(got.ok());
    EXPECT_EQ(got->tokens, run.Find("scored_tokens")->as_int());
    const double nll = run.Find("nll_sum")->as_double();
    EXPECT_NEAR(got->nll, nll, 1e-5 * nll);
  }
}

}  // namespace
}  // namespace pano
