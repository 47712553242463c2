// Speculation with the starter model: a real one, with the kernels that it is served with.
#include <gtest/gtest.h>

#include "base/env.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/testing/engine_checks.h"
#include "model/engine/testing/reference_generator.h"
#include "model/format/weights.h"
#include "model/nn/load.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::engine {
namespace {

class EngineStarterTest : public testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);
    auto files = format::OpenModel(JoinPath(PANO_SOURCE_DIR, "models/starter"));
    ASSERT_TRUE(files.ok()) << files.status().ToString();
    files_ = std::move(files).value();
    auto tokenizer = tokenizer::LoadTokenizer(files_);
    ASSERT_TRUE(tokenizer.ok());
    tokenizer_ = *tokenizer;
    model_ = Load();
  }

  std::unique_ptr<nn::Model> Load() {
    auto model = nn::LoadModel(files_, {}, pool_);
    EXPECT_TRUE(model.ok()) << model.status().ToString();
    return std::move(model).value();
  }

  Request Story(std::string_view text, float temperature, uint64_t seed) {
    Request request;
    request.prompt = *tokenizer_->Encode(text);
    request.max_tokens = 120;
    request.ignore_eos = true;
    request.sampling.temperature = temperature;
    request.sampling.top_p = 0.95f;
    request.sampling.seed = seed;
    request.logprobs = 1;
    return request;
  }

  // Two stories that say things twice, one greedy and one drawn.
  std::vector<ChoiceOutput> Tell(SpeculationOptions speculation, Stats* stats = nullptr) {
    auto engine = Engine::Create(*model_, tokenizer_, pool_, {.speculation = speculation});
    EXPECT_TRUE(engine.ok()) << engine.status().ToString();
    constexpr std::string_view kText =
        "Tom had a red ball. Tom had a red ball. Tom had a red ball. Tom had a red ball. Tom";
    std::vector<std::shared_ptr<TokenStream>> streams;
    streams.push_back(*(*engine)->Submit(Story(kText, 0, 1)));
    streams.push_back(*(*engine)->Submit(Story(kText, 0.6f, 2)));
    std::vector<ChoiceOutput> outputs;
    for (auto& stream : streams) outputs.push_back(ReadAll(*stream)[0]);
    if (stats != nullptr) *stats = (*engine)->GetEngineStats();
    return outputs;
  }

  ComputePool pool_{2};
  format::ModelFiles files_;
  tokenizer::TokenizerPtr tokenizer_;
  std::unique_ptr<nn::Model> model_;
};

TEST_F(EngineStarterTest, RepetitiveTextIsGuessedAndComesOutTheSame) {
  const auto want = Tell({.draft_tokens = 0});
  for (int64_t drafts : {kSpeculateWhereItPays, int64_t{1}, int64_t{4}, int64_t{15}}) {
    SCOPED_TRACE(drafts);
    Stats stats;
    ExpectSame(Tell({.draft_tokens = drafts}, &stats), want);
    EXPECT_GT(stats.drafts_accepted, 0);
  }
}

TEST_F(EngineStarterTest, ADraftModelThatIsTheModelIsAlwaysRight) {
  const auto want = Tell({.draft_tokens = 0});
  std::unique_ptr<nn::Model> draft = Load();
  Stats stats;
  const auto got = Tell({.draft_tokens = 4, .draft_model = draft.get()}, &stats);
  ExpectSame(got, want);
  // The greedy one's, that is: it says what is likeliest.
  const Usage& greedy = got[0].finish.usage;
  EXPECT_EQ(greedy.accepted_tokens, greedy.draft_tokens);
  EXPECT_GT(greedy.accepted_tokens, 80);
  EXPECT_GT(stats.drafts_accepted, greedy.accepted_tokens);
}

}  // namespace
}  // namespace pano::engine
