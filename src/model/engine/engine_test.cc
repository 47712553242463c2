#include "model/engine/engine.h"

#include <gtest/gtest.h>

#include <cmath>
#include <semaphore>

#include "base/log.h"
#include "base/threads.h"
#include "model/engine/testing/engine_checks.h"
#include "model/engine/testing/fake_model.h"
#include "model/engine/testing/fake_tokenizer.h"
#include "model/engine/testing/make_engine.h"
#include "model/engine/testing/random_request.h"
#include "model/engine/testing/reference_generator.h"

namespace pano::engine {
namespace {

// What comes out of the engine: the same as from one sequence alone, whatever happens around it.
class EngineTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }   // failures are made on purpose

  std::unique_ptr<Engine> Make(Options options, FakeModel& model) {
    options.begin_token_id = 0;
    return MakeEngine(std::move(options), model, pool_);
  }

  // Submits all at once and compares every choice with the same request alone.
  void ExpectLikeAlone(Options options, uint64_t seed, int count, uint64_t prompt_max = 75,
                       uint64_t output_max = 50, Stats* stats = nullptr) {
    FakeModel model;
    auto engine = Make(options, model);
    Random random(seed);
    std::vector<Request> requests;
    std::vector<std::shared_ptr<TokenStream>> streams;
    for (int i = 0; i < count; ++i) {
      requests.push_back(RandomRequest(random, prompt_max, output_max));
      auto stream = engine->Submit(requests.back());
      ASSERT_TRUE(stream.ok()) << stream.status().ToString();
      streams.push_back(*stream);
    }
    for (size_t i = 0; i < requests.size(); ++i) {
      SCOPED_TRACE(testing::Message() << "request " << i << " of seed " << seed);
      auto outputs = ReadAll(*streams[i], requests[i].n);
      for (int choice = 0; choice < requests[i].n; ++choice) {
        const ChoiceOutput& got = outputs[static_cast<size_t>(choice)];
        ChoiceOutput want = GenerateAlone(model, requests[i], choice, {1});
        EXPECT_EQ(got.ids, want.ids);
        EXPECT_EQ(got.logprobs, want.logprobs);
        EXPECT_EQ(got.finish.reason, want.finish.reason);
        EXPECT_EQ(got.finishes, 1);
        EXPECT_EQ(got.finish.usage.completion_tokens, static_cast<int64_t>(got.ids.size()));
      }
    }
    EXPECT_LE(model.tokens_max.load(), options.step_tokens_max);
    ExpectEmpty(engine->GetEngineStats());
    if (stats != nullptr) *stats = engine->GetEngineStats();
  }

  ComputePool pool_{2};
};

TEST_F(EngineTest, GeneratesGreedily) {
  FakeModel model;
  auto engine = Make({}, model);
  Request request;
  request.prompt = {10, 11, 12};
  request.max_tokens = 20;
  request.ignore_eos = true;
  request.sampling.temperature = 0;
  auto stream = engine->Submit(request);
  ASSERT_TRUE(stream.ok());
  auto output = ReadAll(**stream)[0];
  request.sampling.seed = 0;
  EXPECT_EQ(output.ids, GenerateAlone(model, request, 0, {}).ids);
  EXPECT_EQ(output.text, *FakeTokenizer().Decode(output.ids, true));
  EXPECT_EQ(output.finish.reason, FinishReason::kLength);
  EXPECT_EQ(output.finish.usage.prompt_tokens, 3);
  EXPECT_EQ(output.finish.usage.completion_tokens, 20);
  EXPECT_GT(output.finish.timings.total_ms, 0);
}

TEST_F(EngineTest, ABatchGivesWhatEachRequestGivesAlone) {
  ExpectLikeAlone({}, 1, 33);
}

TEST_F(EngineTest, AnyBudgetGivesTheSame) {
  Random random(2);
  for (int64_t budget : {1, 2, 7, 31, 33, 100}) {
    ExpectLikeAlone({.step_tokens_max = budget,
                     .sequences_max = 1 + static_cast<int64_t>(random.Below(20))},
                    static_cast<uint64_t>(budget), 12);
  }
}

TEST_F(EngineTest, PreemptionGivesTheSame) {
  int64_t preemptions = 0;
  for (int64_t blocks : {10, 13, 20}) {
    for (bool cache : {false, true}) {
      Stats stats;
      // Prompts that fit together and outputs that do not.
      ExpectLikeAlone({.step_tokens_max = 64, .kv_blocks = blocks, .prefix_cache = cache},
                      static_cast<uint64_t>(blocks), 20, 20, 200, &stats);
      preemptions += stats.preemptions;
    }
  }
  EXPECT_GT(preemptions, 10);
}

TEST_F(EngineTest, APromptIsTakenFromTheCacheButForItsLastToken) {
  FakeModel model;
  auto engine = Make({}, model);
  Random random(3);
  Request request;
  request.prompt = RandomPrompt(random, 96);
  request.max_tokens = 3;
  request.ignore_eos = true;
  request.tenant = "a";
  auto run = [&] { return ReadAll(**engine->Submit(request))[0]; };
  EXPECT_EQ(run().finish.usage.cached_tokens, 0);
  EXPECT_EQ(run().finish.usage.cached_tokens, 64);   // a whole block less: one token is computed
  request.prompt.push_back(5);
  EXPECT_EQ(run().finish.usage.cached_tokens, 96);
  request.tenant = "b";
  EXPECT_EQ(run().finish.usage.cached_tokens, 0);
  Stats stats = engine->GetEngineStats();
  EXPECT_EQ(stats.serving.tokens.cached, 160);
  EXPECT_EQ(stats.serving.tokens.input, 96 + 32 + 1 + 97);
  EXPECT_EQ(stats.serving.tokens.output, 12);
  ExpectEmpty(stats);
}

TEST_F(EngineTest, SequencesOfDifferentLengthsShareNoAnglesThatDependOnIt) {
  FakeModel model({.short_max = 100});
  auto engine = Make({}, model);
  Random random(3);
  Request request;
  request.prompt = RandomPrompt(random, 96);
  request.ignore_eos = true;
  auto cached = [&](int64_t max_tokens) {
    request.max_tokens = max_tokens;
    auto result = ReadAll(**engine->Submit(request))[0];
    EXPECT_EQ(result.finish.reason, FinishReason::kLength);
    return result.finish.usage.cached_tokens;
  };
  EXPECT_EQ(cached(4), 0);
  EXPECT_EQ(cached(5), 0);
  EXPECT_EQ(cached(3), 64);
  EXPECT_EQ(cached(6), 64);
}

// Layers with different numbers of key/value heads keep their state in groups of their own.
TEST_F(EngineTest, SeveralGroupsThatKeepEverythingSharePrefixesToo) {
  FakeModel model({.groups = {FakeModel::Paged(2048), FakeModel::Paged(512)}});
  auto engine = Make({}, model);
  Random random(5);
  Request request;
  request.prompt = RandomPrompt(random, 96);
  request.ignore_eos = true;
  request.max_tokens = 40;
  request.sampling.temperature = 0;
  for (const int64_t cached : {0, 64}) {
    const auto output = ReadAll(**engine->Submit(request))[0];
    EXPECT_EQ(output.finish.usage.cached_tokens, cached);
    EXPECT_EQ(output.ids, GenerateAlone(model, request, 0, {}).ids);
  }
  ExpectEmpty(engine->GetEngineStats());
}

TEST_F(EngineTest, OutputIsPartOfWhatTheNextTurnReuses) {
  FakeModel model;
  auto engine = Make({}, model);
  Request request;
  request.prompt = std::vector<TokenId>(20, 9);
  request.max_tokens = 60;
  request.ignore_eos = true;
  auto first = ReadAll(**engine->Submit(request))[0];
  request.prompt.insert(request.prompt.end(), first.ids.begin(), first.ids.end());
  EXPECT_EQ(ReadAll(**engine->Submit(request))[0].finish.usage.cached_tokens, 64);
}

TEST_F(EngineTest, ChoicesShareThePrompt) {
  FakeModel model;
  auto engine = Make({}, model);
  Random random(4);
  Request request;
  request.prompt = RandomPrompt(random, 100);
  request.max_tokens = 8;
  request.n = 4;
  request.sampling.seed = 11;
  auto outputs = ReadAll(**engine->Submit(request), 4);
  for (int i = 0; i < 4; ++i) {
    const ChoiceOutput& output = outputs[static_cast<size_t>(i)];
    EXPECT_EQ(output.ids, GenerateAlone(model, request, i, {1}).ids);
    EXPECT_EQ(output.finish.usage.cached_tokens, i == 0 ? 0 : 96);
  }
  EXPECT_NE(outputs[0].ids, outputs[1].ids);
}

TEST_F(EngineTest, StopStringsSplitOverTokens) {
  FakeModel model;
  auto engine = Make({}, model);
  Request request;
  request.prompt = {20, 21};
  request.max_tokens = 60;
  request.ignore_eos = true;
  request.sampling.seed = 5;
  std::string all = ReadAll(**engine->Submit(request))[0].text;
  // Some stretch of the text that is whole letters, as a stop string.
  size_t at = 12;
  while (at + 6 < all.size() && !std::ranges::all_of(all.substr(at, 6), [](char c) { return c > 0; })) ++at;
  std::string stop = all.substr(at, 6);
  size_t first = all.find(stop);
  request.stop = {"never comes", stop};
  auto output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.text, all.substr(0, first));
  EXPECT_EQ(output.finish.reason, FinishReason::kStop);
  EXPECT_EQ(output.finish.stop_match, stop);
  request.include_stop = true;
  EXPECT_EQ(ReadAll(**engine->Submit(request))[0].text, all.substr(0, first + 6));
  // Held back to the end, then let go.
  request.stop = {all.substr(all.size() - 3) + "#"};
  output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.text, all);
  EXPECT_EQ(output.finish.reason, FinishReason::kLength);
  EXPECT_GE(output.finish.text.size(), 3u);
}

// Clients of chat models send the turn's end as a stop string; its token has no text to be found in.
TEST_F(EngineTest, AStopStringThatNamesASpecialTokenStopsAtIt) {
  FakeModel model({.favourite = 1});
  auto engine = Make({}, model);
  Request request;
  request.prompt = {20, 21};
  request.max_tokens = 60;
  request.ignore_eos = true;
  request.sampling.seed = 5;
  request.stop = {"never comes", "<eos>"};
  auto output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.finish.reason, FinishReason::kStop);
  EXPECT_EQ(output.finish.stop_match, "<eos>");
  EXPECT_EQ(output.ids.back(), 1);
  EXPECT_EQ(output.text.find("<eos>"), std::string::npos);
  const std::string text = output.text;
  request.include_stop = true;
  EXPECT_EQ(ReadAll(**engine->Submit(request))[0].text, text + "<eos>");
  request.stop = {"eos>"};  // only its whole name is the token
  EXPECT_EQ(ReadAll(**engine->Submit(request))[0].finish.reason, FinishReason::kLength);
}

TEST_F(EngineTest, EndTokensStopWithoutText) {
  FakeModel model({.favourite = 1});
  auto engine = Make({}, model);
  Request request;
  request.prompt = {20};
  request.max_tokens = 10;
  request.skip_special = false;
  auto output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.ids, std::vector<TokenId>{1});
  EXPECT_EQ(output.text, "");
  EXPECT_EQ(output.finish.reason, FinishReason::kStop);
  EXPECT_EQ(output.finish.usage.completion_tokens, 1);
  request.min_tokens = 4;
  output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.ids.size(), 5u);
  EXPECT_EQ(std::ranges::count(output.ids, 1), 1);
  request.ignore_eos = true;
  output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.ids.size(), 10u);
  EXPECT_EQ(output.finish.reason, FinishReason::kLength);
}

TEST_F(EngineTest, TextIsWholeCharacters) {
  FakeModel model({.favourite = 61});   // the first byte of a character, again and again
  auto engine = Make({}, model);
  Request request;
  request.max_tokens = 3;               // the prompt: the begin token
  auto output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.text, "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(output.finish.text, "\uFFFD");
  EXPECT_EQ(output.finish.usage.prompt_tokens, 1);
}

TEST_F(EngineTest, EchoReportsThePrompt) {
  FakeModel model;
  for (int64_t blocks : {0, 8}) {       // 8: two such prompts do not fit together
    auto engine = Make({.step_tokens_max = 200, .kv_blocks = blocks}, model);
    Random random(6);
    std::vector<Request> requests;
    std::vector<std::shared_ptr<TokenStream>> streams;
    for (size_t length : {150u, 1u, 150u, 2u, 32u, 33u}) {
      for (int64_t max_tokens : {0, 3}) {
        Request request;
        request.prompt = RandomPrompt(random, length);
        request.max_tokens = max_tokens;
        request.prompt_logprobs = 2;
        request.logprobs = 1;
        request.ignore_eos = true;
        request.n = length == 33 ? 2 : 1;
        requests.push_back(request);
        streams.push_back(*engine->Submit(request));
      }
    }
    for (size_t r = 0; r < requests.size(); ++r) {
      const Request& request = requests[r];
      std::vector<Event::PromptToken> report;
      auto output = ReadAll(*streams[r], request.n, &report);
      ASSERT_EQ(report.size(), request.prompt.size());
      EXPECT_TRUE(std::isnan(report[0].logprob));
      for (size_t i = 1; i < report.size(); ++i) {
        auto logits = model.LogitsFor(std::span(request.prompt).first(i));
        auto want = Sampler().Score(request.prompt[i], 2, logits);
        ASSERT_EQ(report[i].id, want->id);
        ASSERT_EQ(report[i].logprob, want->logprob);
        ASSERT_EQ(report[i].top.size(), 2u);
        EXPECT_EQ(report[i].top[0].id, want->top[0].id);
      }
      EXPECT_EQ(output[0].finish.reason, FinishReason::kLength);
      EXPECT_EQ(output[0].ids.size(), static_cast<size_t>(*request.max_tokens));
      EXPECT_EQ(output[0].finish.usage.cached_tokens, 0);
    }
    ExpectEmpty(engine->GetEngineStats());
  }
  EXPECT_LE(model.rows_max.load(), 64 + 12);
}

TEST_F(EngineTest, NothingToGenerateIsDoneAtOnce) {
  FakeModel model;
  auto engine = Make({}, model);
  Request request;
  request.prompt = {3};
  request.max_tokens = 0;
  auto output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.finish.reason, FinishReason::kLength);
  EXPECT_EQ(model.steps.load(), 0);
}

TEST_F(EngineTest, OnlyTheRequestAtFaultFails) {
  FakeModel model({.poison = 50, .nan = 51});
  auto engine = Make({}, model);
  std::vector<std::shared_ptr<TokenStream>> streams;
  for (TokenId last : {10, 50, 11, 51}) {
    Request request;
    request.prompt = {12, last};
    request.max_tokens = 5;
    request.ignore_eos = true;
    request.sampling.logit_bias = {{50, -1000.0f}, {51, -1000.0f}};
    streams.push_back(*engine->Submit(request));
  }
  EXPECT_EQ(ReadAll(*streams[0])[0].ids.size(), 5u);
  auto poisoned = ReadAll(*streams[1])[0];
  EXPECT_EQ(poisoned.finish.reason, FinishReason::kError);
  EXPECT_NE(poisoned.finish.error.find("poison"), std::string::npos);
  EXPECT_EQ(ReadAll(*streams[2])[0].ids.size(), 5u);
  auto broken = ReadAll(*streams[3])[0];
  EXPECT_EQ(broken.finish.reason, FinishReason::kError);
  EXPECT_NE(broken.finish.error.find("NaN"), std::string::npos);
  EXPECT_EQ(broken.finish.error_reason, "");  // not the request's fault
  ExpectEmpty(engine->GetEngineStats());
}

TEST_F(EngineTest, ALongPromptDoesNotStallOthers) {
  std::counting_semaphore<> steps(0);
  FakeModel model({.before_step = [&] { steps.acquire(); }});
  auto engine = Make({.step_tokens_max = 16}, model);
  Request chat;
  chat.prompt = {4};
  chat.max_tokens = 40;
  chat.ignore_eos = true;
  auto stream = *engine->Submit(chat);
  steps.release();
  EXPECT_TRUE(stream->Pop().has_value());
  Request document;
  document.prompt = std::vector<TokenId>(300, 6);
  document.max_tokens = 1;
  auto slow = *engine->Submit(document);
  for (int i = 0; i < 15; ++i) {
    steps.release();
    EXPECT_TRUE(stream->Pop().has_value());   // a token every step
  }
  EXPECT_FALSE(slow->TryPop().has_value());
  steps.release(1000);
}

TEST_F(EngineTest, WorksWithoutATokenizer) {
  FakeModel model;
  auto engine = Engine::Create(model, nullptr, pool_, {.end_token_ids = {1}});
  ASSERT_TRUE(engine.ok());
  Request request;
  request.prompt = {5};
  request.max_tokens = 4;
  request.ignore_eos = true;
  auto output = ReadAll(**(*engine)->Submit(request))[0];
  EXPECT_EQ(output.ids.size(), 4u);
  EXPECT_EQ(output.text, "");
  request.stop = {"x"};
  EXPECT_FALSE((*engine)->Submit(request).ok());
  request.stop.clear();
  request.prompt.clear();   // and there is no begin token
  EXPECT_EQ((*engine)->Submit(request).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(EngineTest, MemoryFollowsFromTheOptions) {
  FakeModel model;   // 2 KiB a block, a context of 16 blocks
  auto blocks = [&](Options options) {
    auto engine = Engine::Create(model, nullptr, pool_, options);
    return engine.ok() ? (*engine)->GetEngineStats().kv_blocks.total : -1;
  };
  EXPECT_EQ(blocks({.sequences_max = 4, .kv_bytes_max = 10 * 2048 + 5}), 10);
  EXPECT_EQ(blocks({.sequences_max = 4}), 64);   // no more than all can use
  EXPECT_EQ(Engine::Create(model, nullptr, pool_, {.kv_bytes_max = 2047}).status().code(),
            StatusCode::kExhausted);
  EXPECT_EQ(Engine::Create(model, nullptr, pool_, {.step_tokens_max = 0}).status().code(),
            StatusCode::kInvalidArgument);
  // The figures are those of all groups together.
  FakeModel two({.groups = {FakeModel::Paged(1024), FakeModel::Window(5)}});
  auto engine = Engine::Create(two, nullptr, pool_, {.step_tokens_max = 32, .sequences_max = 1,
                                                     .kv_bytes_max = 12 * 1024 + 5});
  EXPECT_EQ((*engine)->GetEngineStats().kv_blocks.total, 6 + 6);
  engine = Engine::Create(two, nullptr, pool_, {.step_tokens_max = 32, .sequences_max = 1});
  EXPECT_EQ((*engine)->GetEngineStats().kv_blocks.total, 16 + 7);
}

TEST_F(EngineTest, RefusesStateThatItDoesNotKnow) {
  FakeModel model({.groups = {FakeModel::Paged(8), {nn::StateGroup::Kind::kFixed, 1, 8, 0}}});
  auto engine = Engine::Create(model, nullptr, pool_, {});
  EXPECT_EQ(engine.status().code(), StatusCode::kUnimplemented);
  EXPECT_NE(engine.status().message().find("'fixed'"), std::string::npos);
}

TEST_F(EngineTest, RefusesWhatIsOutOfRange) {
  FakeModel model;
  auto engine = Make({.kv_blocks = 4}, model);
  EXPECT_EQ(engine->context_max(), 128);   // what the memory holds
  auto refused = [&](auto change) {
    Request request;
    request.prompt = {3, 4};
    request.max_tokens = 4;
    change(request);
    auto stream = engine->Submit(request);
    if (stream.ok()) return std::string();
    const Status& status = stream.status();
    // Text and structure say the same.
    EXPECT_TRUE(status.field().empty() || status.message().starts_with(status.field() + ":"));
    return status.reason().empty() ? status.message() : status.reason() + ": " + status.message();
  };
  EXPECT_EQ(refused([](Request&) {}), "");
  EXPECT_EQ(refused([](Request& r) { r.prompt.resize(129, 3); r.max_tokens = 0; }),
            "context_length_exceeded: This model's maximum context length is 128 tokens, and the "
            "prompt has 129");
  EXPECT_TRUE(refused([](Request& r) { r.prompt.resize(128, 3); r.max_tokens.reset(); })
                  .starts_with("context_length_exceeded:"));
  EXPECT_TRUE(refused([](Request& r) { r.prompt.push_back(64); }).starts_with("prompt:"));
  EXPECT_TRUE(refused([](Request& r) { r.prompt.push_back(-1); }).starts_with("prompt:"));
  EXPECT_TRUE(refused([](Request& r) { r.sampling.temperature = -1; }).starts_with("temperature:"));
  EXPECT_TRUE(refused([](Request& r) { r.sampling.top_p = NAN; }).starts_with("top_p:"));
  EXPECT_TRUE(refused([](Request& r) { r.sampling.logit_bias[64] = 1; }).starts_with("logit_bias:"));
  EXPECT_TRUE(refused([](Request& r) { r.n = 0; }).starts_with("n:"));
  EXPECT_TRUE(refused([](Request& r) { r.stop = {""}; }).starts_with("stop:"));
  EXPECT_TRUE(refused([](Request& r) { r.min_tokens = 5; }).starts_with("min_tokens:"));
  EXPECT_TRUE(refused([](Request& r) { r.prompt.resize(1000, 3); r.max_tokens = INT64_MAX; })
                  .starts_with("context_"));
  EXPECT_EQ(engine->GetEngineStats().serving.rejections, 3);
}

}  // namespace
}  // namespace pano::engine
