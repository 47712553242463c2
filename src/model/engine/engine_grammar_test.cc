#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/testing/engine_checks.h"
#include "model/engine/testing/fake_model.h"
#include "model/engine/testing/fake_tokenizer.h"
#include "model/engine/testing/grammars.h"
#include "model/engine/testing/make_engine.h"
#include "model/engine/testing/random_request.h"
#include "model/engine/testing/reference_generator.h"
#include "model/grammar/grammar_matcher.h"

namespace pano::engine {
namespace {

// What a grammar allows, and nothing else, comes out of any batch, as it would alone and step by step.
class EngineGrammarTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }

  std::unique_ptr<Engine> Make(Options options, FakeModel& model) {
    return MakeEngine(std::move(options), model, pool_);
  }

  static Request Plain(GrammarPtr grammar, int64_t max_tokens, uint64_t seed = 1) {
    Request request;
    request.prompt = {5, 6, 7};
    request.max_tokens = max_tokens;
    request.sampling.seed = seed;
    request.grammar = std::move(grammar);
    return request;
  }

  // Every other one is free.
  Request AnyRequest(Random& random, uint64_t prompt_max, uint64_t output_max) {
    Request request = RandomRequest(random, prompt_max, output_max);
    if (random.Below(5) == 0) request.sampling.logit_bias = {{4, -5.0f}, {30, 3.0f}};
    if (random.Below(3) == 0) request.logprobs = 2;
    request.tenant = std::to_string(random.Below(2));
    if (random.Below(2) == 0) request.grammar = grammars_[random.Below(grammars_.size())];
    return request;
  }

  static bool IsWhole(const Request& request, std::vector<TokenId> ids) {
    if (!ids.empty() && ids.back() == 1) ids.pop_back();
    grammar::GrammarMatcher matcher(request.grammar);
    for (TokenId id : ids) {
      if (!matcher.AcceptToken(id)) return false;
    }
    return matcher.IsAccepting();
  }

  struct Sums {
    Stats stats;
    int64_t whole = 0;
  };
  // Runs requests all at once, each compared with what it is alone.
  Sums ExpectAsAlone(FakeModel& model, const Options& options, uint64_t seed, int count,
                     uint64_t prompt_max = 60, uint64_t output_max = 80) {
    Random random(seed);
    std::vector<Request> requests;
    for (int i = 0; i < count; ++i) requests.push_back(AnyRequest(random, prompt_max, output_max));
    auto engine = Make(options, model);
    std::vector<std::shared_ptr<TokenStream>> streams;
    for (const Request& request : requests) streams.push_back(*engine->Submit(request));
    Sums sums;
    for (size_t i = 0; i < streams.size(); ++i) {
      const Request& request = requests[i];
      const auto outputs = ReadAll(*streams[i], request.n);
      for (int choice = 0; choice < request.n; ++choice) {
        const ChoiceOutput& got = outputs[static_cast<size_t>(choice)];
        const ChoiceOutput want = request.grammar
                                      ? GenerateConstrained(model, request, choice, {1})
                                      : GenerateAlone(model, request, choice, {1});
        EXPECT_EQ(got.ids, want.ids) << "request " << i << " of seed " << seed;
        EXPECT_EQ(got.logprobs, want.logprobs);
        EXPECT_EQ(got.finish.reason, want.finish.reason) << got.finish.error;
        EXPECT_EQ(got.finish.usage.completion_tokens, static_cast<int64_t>(got.ids.size()));
        if (!request.grammar || got.finish.reason != FinishReason::kStop) continue;
        if (!request.stop_token_ids.empty()) continue;  // may cut
        EXPECT_TRUE(IsWhole(request, got.ids));
        ++sums.whole;
      }
    }
    sums.stats = engine->GetEngineStats();
    ExpectEmpty(sums.stats);
    return sums;
  }

  ComputePool pool_{2};
  const std::vector<GrammarPtr> grammars_ = SomeGrammars();
};

TEST_F(EngineGrammarTest, ReasoningIsEndedAtItsLimit) {
  FakeModel model;
  auto engine = Make({}, model);
  const TokenId z = *FakeTokenizer().Find("z");
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Request request = Plain(CompileGbnf("root ::= [a-y]* \"z\" [a-m]{5}"), 40, seed);
    request.reasoning = ReasoningLimit{.tokens_max = 3, .close = "z", .closing = {z}};
    const ChoiceOutput output = ReadAll(**engine->Submit(request), 1)[0];
    const auto end = std::find(output.ids.begin(), output.ids.end(), z);
    EXPECT_LE(end - output.ids.begin(), 3) << seed;
    EXPECT_EQ(output.finish.reason, FinishReason::kStop) << output.finish.error;
    EXPECT_TRUE(IsWhole(request, output.ids));
  }
  Request request = Plain(nullptr, 4);
  request.reasoning = ReasoningLimit{.tokens_max = 3, .close = "z", .closing = {z}};
  EXPECT_FALSE(engine->Submit(request).ok());
}

TEST_F(EngineGrammarTest, AnyBudgetGivesTheSame) {
  FakeModel model;
  Sums all;
  for (int64_t budget : {1, 2, 7, 33, 512}) {
    for (bool cache : {false, true}) {
      SCOPED_TRACE(budget);
      Sums sums = ExpectAsAlone(model,
                                {.step_tokens_max = budget,
                                 .sequences_max = 1 + budget / 3,
                                 .prefix_cache = cache},
                                static_cast<uint64_t>(budget), 24);
      all.whole += sums.whole;
      all.stats.forced_tokens += sums.stats.forced_tokens;
    }
  }
  EXPECT_GT(all.whole, 40);
  EXPECT_GT(all.stats.forced_tokens, 300);
}

TEST_F(EngineGrammarTest, TightMemoryGivesTheSame) {
  FakeModel model({.cycle = 9});
  Stats sum;
  for (int64_t blocks : {7, 10, 16}) {
    for (bool cache : {false, true}) {
      const Stats stats = ExpectAsAlone(model,
                                        {.step_tokens_max = 64,
                                         .kv_blocks = blocks,
                                         .stream_capacity = 12,
                                         .prefix_cache = cache,
                                         .speculation = {.draft_tokens = 6}},
                                        static_cast<uint64_t>(blocks), 20, 20, 160)
                              .stats;
      sum.preemptions += stats.preemptions;
      sum.forced_tokens += stats.forced_tokens;
    }
  }
  EXPECT_GT(sum.preemptions, 10);
  EXPECT_GT(sum.forced_tokens, 100);
}

TEST_F(EngineGrammarTest, WindowsGiveTheSame) {
  FakeModel model({.groups = {FakeModel::Paged(1024), FakeModel::Window(33)}, .cycle = 9});
  for (uint64_t seed : {1, 2, 3}) {
    ExpectAsAlone(model, {.step_tokens_max = 40, .kv_blocks = 24, .stream_capacity = 8}, seed, 20);
  }
  EXPECT_EQ(model.unseen, 0);
}

// Drafts are tried against the grammar first; what comes out is the same.
TEST_F(EngineGrammarTest, SpeculationGivesTheSame) {
  FakeModel model({.cycle = 9});
  FakeModel draft({.groups = {FakeModel::Window(7)}, .cycle = 9});
  Stats sum;
  for (int64_t drafts : {int64_t{1}, int64_t{3}, int64_t{20}, kSpeculateWhereItPays}) {
    for (FakeModel* with : {static_cast<FakeModel*>(nullptr), &draft}) {
      Options options;
      options.speculation = {.draft_tokens = drafts, .draft_model = with};
      const Stats stats =
          ExpectAsAlone(model, options, static_cast<uint64_t>(drafts + 10), 24).stats;
      sum.drafts_accepted += stats.drafts_accepted;
      sum.forced_tokens += stats.forced_tokens;
    }
  }
  EXPECT_GT(sum.drafts_accepted, 300);
  EXPECT_GT(sum.forced_tokens, 300);
}

TEST_F(EngineGrammarTest, ADraftThatTheGrammarForbidsIsNotComputed) {
  FakeModel model({.cycle = 5});
  FakeModel draft({.favourite = 40});
  Options options;
  options.speculation = {.draft_tokens = 4, .draft_model = &draft};
  auto engine = Make(options, model);
  ReadAll(**engine->Submit(Plain(CompileGbnf("root ::= [a-e]{30}"), 100)));
  const Stats stats = engine->GetEngineStats();
  EXPECT_EQ(stats.drafts_accepted + stats.drafts_rejected, 0);
}

TEST_F(EngineGrammarTest, ForcedTokensTakeNoStepOfTheirOwn) {
  FakeModel model;
  auto engine = Make({}, model);
  // a, then nine that are forced, ten times; the last ends it.
  const GrammarPtr grammar = CompileGbnf("root ::= ([ab] \"cdefghijk\"){10}");
  const auto output = ReadAll(**engine->Submit(Plain(grammar, 500)))[0];
  EXPECT_EQ(output.ids.size(), 100u);
  EXPECT_EQ(output.text.substr(1, 9), "cdefghijk");
  EXPECT_EQ(output.finish.reason, FinishReason::kStop);
  EXPECT_EQ(output.finish.usage.completion_tokens, 100);
  EXPECT_EQ(model.steps, 10);
  EXPECT_EQ(model.tokens, 3 + 90);  // those behind the last draw are not wanted
  EXPECT_EQ(engine->GetEngineStats().forced_tokens, 90);
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(output.logprobs[i] == 0, i % 10 != 0);
  ExpectEmpty(engine->GetEngineStats());
}

TEST_F(EngineGrammarTest, ForcedTokensRespectTheReader) {
  FakeModel model;
  const GrammarPtr grammar = CompileGbnf("root ::= ([ab] \"cdefghijk\"){10}");
  for (int64_t capacity : {1, 2, 7, 40}) {
    auto engine = Make({.stream_capacity = capacity}, model);
    auto stream = *engine->Submit(Plain(grammar, 500));
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (stream->HasRoom() && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_EQ(engine->GetEngineStats().serving.tokens.output, capacity);
    EXPECT_EQ(ReadAll(*stream)[0].ids.size(), 100u);
  }
}

TEST_F(EngineGrammarTest, MaxTokensCutsAndAWholeOutputIsNoCut) {
  FakeModel model;
  auto engine = Make({}, model);
  const GrammarPtr grammar = CompileGbnf("root ::= [ab] \"cdef\"");
  for (int64_t max_tokens = 1; max_tokens < 8; ++max_tokens) {
    const auto output = ReadAll(**engine->Submit(Plain(grammar, max_tokens)))[0];
    EXPECT_EQ(static_cast<int64_t>(output.ids.size()), std::min<int64_t>(max_tokens, 5));
    EXPECT_EQ(output.finish.reason,
              max_tokens < 5 ? FinishReason::kLength : FinishReason::kStop);
  }
}

TEST_F(EngineGrammarTest, AGrammarOfTheEmptyTextEndsAtOnce) {
  FakeModel model;
  auto engine = Make({}, model);
  Request request = Plain(CompileGbnf("root ::= \"\""), 10);
  request.n = 3;
  for (const ChoiceOutput& output : ReadAll(**engine->Submit(request), 3)) {
    EXPECT_TRUE(output.ids.empty());
    EXPECT_EQ(output.finish.reason, FinishReason::kStop);
    EXPECT_EQ(output.finishes, 1);
  }
  ExpectEmpty(engine->GetEngineStats());
}

TEST_F(EngineGrammarTest, ADeadEndIsAnErrorOfThatSequenceAlone) {
  FakeModel model;
  auto engine = Make({}, model);
  auto dead = *engine->Submit(Plain(CompileGbnf("root ::= [a-c] \"d\" \"Z\""), 50));
  auto alive = *engine->Submit(Plain(CompileGbnf("root ::= [a-c]{5}"), 50));
  const auto output = ReadAll(*dead)[0];
  EXPECT_EQ(output.finish.reason, FinishReason::kError);
  EXPECT_NE(output.finish.error.find("no token of the vocabulary"), std::string::npos);
  EXPECT_EQ(output.finish.error_reason, "grammar_without_tokens");
  EXPECT_EQ(output.ids.size(), 2u);
  EXPECT_EQ(ReadAll(*alive)[0].finish.reason, FinishReason::kStop);
  ExpectEmpty(engine->GetEngineStats());
}

TEST_F(EngineGrammarTest, StopStringsCutAsAlways) {
  FakeModel model;
  auto engine = Make({}, model);
  Request request = Plain(CompileGbnf("root ::= [ab] \"cdefgh\" [ij]+"), 50);
  request.stop = {"ef"};
  auto output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.text.substr(1), "cd");
  EXPECT_EQ(output.finish.stop_match, "ef");
  EXPECT_EQ(output.finish.reason, FinishReason::kStop);
  request.stop.clear();
  request.stop_token_ids = {6};  // "e"
  output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.ids.back(), 6);
  EXPECT_EQ(output.finish.reason, FinishReason::kStop);
  ExpectEmpty(engine->GetEngineStats());
}

TEST_F(EngineGrammarTest, NoEndBeforeMinTokens) {
  FakeModel model({.favourite = 1});  // wants to end
  auto engine = Make({}, model);
  Request request = Plain(CompileGbnf("root ::= [a-f]*"), 50);
  EXPECT_EQ(ReadAll(**engine->Submit(request))[0].ids.size(), 1u);
  request.min_tokens = 7;
  EXPECT_EQ(ReadAll(**engine->Submit(request))[0].ids.size(), 8u);
  // The grammar has the last word.
  request.grammar = CompileGbnf("root ::= [a-f]{3}");
  auto output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.ids.size(), 3u);
  EXPECT_EQ(output.finish.reason, FinishReason::kStop);
  // Where it does not accept there is no end.
  request = Plain(CompileGbnf("root ::= [a-f]{9,}"), 50);
  EXPECT_EQ(ReadAll(**engine->Submit(request))[0].ids.size(), 10u);
  request.ignore_eos = true;
  EXPECT_EQ(ReadAll(**engine->Submit(request))[0].ids.size(), 50u);
}

TEST_F(EngineGrammarTest, LogprobsAreThoseOfTheAllowedTokens) {
  FakeModel model;
  auto engine = Make({}, model);
  Request request = Plain(CompileGbnf("root ::= [a-d]{20}"), 50);
  request.logprobs = 8;
  request.sampling.temperature = 0.3f;
  auto stream = *engine->Submit(request);
  int tokens = 0;
  while (auto event = stream->Pop()) {
    if (event->kind != Event::Kind::kToken) continue;
    ++tokens;
    EXPECT_EQ(event->top.size(), 4u);  // pairs of letters end in x, which is not allowed
    double sum = 0;
    for (const TokenLogprob& one : event->top) sum += std::exp(one.logprob);
    EXPECT_NEAR(sum, 1, 1e-5);
  }
  EXPECT_EQ(tokens, 20);
}

TEST_F(EngineGrammarTest, AGrammarOfALargerVocabularyIsRefused) {
  FakeModel model({.vocab_size = 40});
  auto engine = Make({}, model);
  const Status status = engine->Submit(Plain(grammars_[0], 10)).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.field(), "grammar");
  EXPECT_NE(status.message().find("64"), std::string::npos);
}

// Cancelled, dropped or read late, with grammars and in too little memory.
TEST_F(EngineGrammarTest, RandomLivesLeakNothing) {
  int64_t preemptions = 0;
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    FakeModel model({.cycle = 9});
    Random random(seed);
    auto engine = Make({.step_tokens_max = 40,
                        .sequences_max = 10,
                        .kv_blocks = 14,
                        .stream_capacity = 8,
                        .prefix_cache = random.Below(2) == 0,
                        .speculation = {.draft_tokens = 3}},
                       model);
    std::vector<std::shared_ptr<TokenStream>> streams;
    std::vector<Request> requests;
    for (int i = 0; i < 24; ++i) {
      Request request = AnyRequest(random, 90, 100);
      request.id = std::to_string(i);
      auto stream = engine->Submit(request);
      ASSERT_TRUE(stream.ok()) << stream.status().ToString();
      if (random.Below(8) == 0) continue;  // dropped at once
      requests.push_back(std::move(request));
      streams.push_back(std::move(stream).value());
    }
    for (size_t i = 0; i < streams.size(); ++i) {
      if (random.Below(6) == 0) engine->Cancel(requests[i].id);
      for (const ChoiceOutput& output : ReadAll(*streams[i], requests[i].n)) {
        ASSERT_EQ(output.finishes, 1);
        ASSERT_NE(output.finish.reason, FinishReason::kError) << output.finish.error;
      }
    }
    streams.clear();
    EXPECT_TRUE(engine->Drain(std::chrono::seconds(60)));
    ExpectEmpty(engine->GetEngineStats());
    preemptions += engine->GetEngineStats().preemptions;
  }
  EXPECT_GT(preemptions, 10);
}

}  // namespace
}  // namespace pano::engine
