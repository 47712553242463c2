#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/testing/engine_checks.h"
#include "model/engine/testing/fake_model.h"
#include "model/engine/testing/fake_tokenizer.h"
#include "model/engine/testing/make_engine.h"
#include "model/engine/testing/random_request.h"
#include "model/engine/testing/reference_generator.h"

namespace pano::engine {
namespace {

using Groups = std::vector<nn::StateGroup>;

// Everything that a reader can see of a choice but times.
struct Seen {
  std::vector<TokenId> ids;
  std::vector<std::string> texts;
  std::vector<float> logprobs;
  std::vector<TokenId> top;
  std::vector<TokenId> prompt;
  FinishReason reason = FinishReason::kError;
  std::string stop_match, last_text, error;
  int64_t prompt_tokens = 0, completion_tokens = 0;
  bool operator==(const Seen&) const = default;
};

std::vector<Seen> See(TokenStream& stream, int choices) {
  std::vector<Seen> all(static_cast<size_t>(choices));
  while (auto event = stream.Pop()) {
    Seen& seen = all[static_cast<size_t>(event->index)];
    for (const auto& token : event->prompt) seen.prompt.push_back(token.id);
    if (event->kind == Event::Kind::kToken) {
      seen.ids.push_back(event->token_id);
      seen.texts.push_back(event->text);
      seen.logprobs.push_back(event->logprob);
      for (const TokenLogprob& other : event->top) seen.top.push_back(other.id);
    } else if (event->kind == Event::Kind::kFinish) {
      seen.reason = event->reason;
      seen.stop_match = event->stop_match;
      seen.last_text = event->text;
      seen.error = event->error;
      seen.prompt_tokens = event->usage.prompt_tokens;
      seen.completion_tokens = event->usage.completion_tokens;
    }
  }
  return all;
}

// What comes out is the same with and without speculation, on a model that often says things twice.
class EngineSpeculationTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }

  std::unique_ptr<Engine> Make(Options options, FakeModel& model, Clock& clock = Clock::Real()) {
    return MakeEngine(std::move(options), model, pool_, {}, clock);
  }

  // All that a request can ask for.
  static Request AnyRequest(Random& random, uint64_t prompt_max, uint64_t output_max) {
    Request request = RandomRequest(random, prompt_max, output_max);
    if (random.Below(3) == 0) request.stop = {"cdef", "gx"};
    if (random.Below(4) == 0) request.include_stop = true;
    if (random.Below(3) == 0) request.logprobs = 2;
    if (random.Below(5) == 0) request.prompt_logprobs = 0;
    if (random.Below(5) == 0) request.sampling.logit_bias = {{4, -5.0f}, {30, 3.0f}};
    if (random.Below(5) == 0) request.sampling.presence_penalty = 2.0f;
    request.tenant = std::to_string(random.Below(2));
    return request;
  }

  static Request Greedy(std::vector<TokenId> prompt, int64_t max_tokens) {
    Request request;
    request.prompt = std::move(prompt);
    request.max_tokens = max_tokens;
    request.ignore_eos = true;
    request.sampling.temperature = 0;
    request.sampling.seed = 0;
    return request;
  }

  // Runs the same requests with and without, each time all at once.
  Stats ExpectTheSame(FakeModel& model, Options options, uint64_t seed, int count,
                      uint64_t prompt_max = 60, uint64_t output_max = 80) {
    Random random(seed);
    std::vector<Request> requests;
    for (int i = 0; i < count; ++i) requests.push_back(AnyRequest(random, prompt_max, output_max));
    auto run = [&](const Options& with, Stats* stats) {
      model.tokens_max = 0;
      auto engine = Make(with, model);
      std::vector<std::shared_ptr<TokenStream>> streams;
      for (const Request& request : requests) streams.push_back(*engine->Submit(request));
      std::vector<std::vector<Seen>> all;
      for (size_t i = 0; i < streams.size(); ++i) all.push_back(See(*streams[i], requests[i].n));
      ExpectEmpty(engine->GetEngineStats());
      EXPECT_LE(model.tokens_max.load(), options.step_tokens_max);
      *stats = engine->GetEngineStats();
      return all;
    };
    Stats with_drafts, without;
    auto got = run(options, &with_drafts);
    options.speculation.draft_tokens = 0;
    auto want = run(options, &without);
    EXPECT_EQ(without.drafts_accepted + without.drafts_rejected, 0);
    EXPECT_EQ(with_drafts.serving.tokens.output, without.serving.tokens.output);
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_TRUE(got[i] == want[i]) << "request " << i << " of seed " << seed;
    }
    return with_drafts;
  }

  ComputePool pool_{2};
};

TEST_F(EngineSpeculationTest, AnyNumberOfDraftsGivesTheSame) {
  FakeModel model({.cycle = 9});
  for (int64_t drafts :
       {int64_t{1}, int64_t{2}, int64_t{5}, kDraftTokensMax, kSpeculateWhereItPays}) {
    SCOPED_TRACE(drafts);
    Stats stats = ExpectTheSame(model, {.speculation = {.draft_tokens = drafts}},
                                static_cast<uint64_t>(drafts + 10), 24);
    if (drafts < 0) continue;  // so many at once: it may never pay
    EXPECT_GT(stats.drafts_accepted, 50);
    EXPECT_GT(stats.drafts_rejected, 20);
  }
}

TEST_F(EngineSpeculationTest, AnyBudgetGivesTheSame) {
  FakeModel model({.cycle = 9});
  for (int64_t budget : {1, 2, 7, 31, 33}) {
    SCOPED_TRACE(budget);
    ExpectTheSame(model,
                  {.step_tokens_max = budget,
                   .sequences_max = 1 + budget / 3,
                   .speculation = {.draft_tokens = 4}},
                  static_cast<uint64_t>(budget), 10);
  }
}

TEST_F(EngineSpeculationTest, TightMemoryGivesTheSame) {
  FakeModel model({.cycle = 9});
  Stats sum;
  for (int64_t blocks : {7, 10, 16}) {
    for (bool cache : {false, true}) {
      Stats stats = ExpectTheSame(model,
                                  {.step_tokens_max = 64,
                                   .kv_blocks = blocks,
                                   .stream_capacity = 12,
                                   .prefix_cache = cache,
                                   .speculation = {.draft_tokens = 6}},
                                  static_cast<uint64_t>(blocks), 16, 20, 160);
      sum.preemptions += stats.preemptions;
      sum.drafts_accepted += stats.drafts_accepted;
    }
  }
  EXPECT_GT(sum.preemptions, 10);
  EXPECT_GT(sum.drafts_accepted, 100);
}

TEST_F(EngineSpeculationTest, FewSequencesNeedFewerSteps) {
  // The clock stands still, so that what a row costs is what it typically does.
  ManualClock clock;
  FakeModel model({.cycle = 5});
  auto engine = Make({.stream_capacity = 5000}, model, clock);
  auto output = ReadAll(**engine->Submit(Greedy({9, 2, 3}, 300)))[0];
  Stats stats = engine->GetEngineStats();
  EXPECT_EQ(output.ids.size(), 300u);
  EXPECT_LT(stats.serving.steps, 200);
  EXPECT_EQ(model.steps, stats.serving.steps);
  EXPECT_EQ(output.finish.usage.accepted_tokens, stats.drafts_accepted);
  EXPECT_EQ(output.finish.usage.draft_tokens, stats.drafts_accepted + stats.drafts_rejected);
  EXPECT_EQ(stats.serving.tokens.output, stats.serving.steps + stats.drafts_accepted);
  // What never comes again is not guessed for long.
  FakeModel noise({.context_length = 4096});
  engine = Make({.stream_capacity = 5000}, noise, clock);
  ReadAll(**engine->Submit(Greedy({9, 2, 3}, 2000)));
  EXPECT_LT(engine->GetEngineStats().drafts_rejected, 200);
}

TEST_F(EngineSpeculationTest, ManySequencesAreNotSpeculatedFor) {
  std::latch submitted(1);
  FakeModel model({.before_step = [&] { submitted.wait(); }, .cycle = 5});
  auto engine = Make({.stream_capacity = 1000}, model);
  std::vector<std::shared_ptr<TokenStream>> streams;
  for (int i = 0; i < 30; ++i) {
    streams.push_back(*engine->Submit(Greedy({9, 2, static_cast<TokenId>(3 + i)}, 200)));
  }
  submitted.count_down();
  for (auto& stream : streams) EXPECT_EQ(ReadAll(*stream)[0].ids.size(), 200u);
  // But for a step or two in the beginning and in the end, when others are not there.
  EXPECT_LT(engine->GetEngineStats().drafts_accepted, 50);
}

TEST_F(EngineSpeculationTest, ReadersAndMemorySeeNoMoreThanWithout) {
  FakeModel model({.cycle = 5});
  for (int64_t capacity : {1, 2, 3, 9, 20, 40}) {
    auto engine = Make({.stream_capacity = capacity, .speculation = {.draft_tokens = 7}}, model);
    auto stream = *engine->Submit(Greedy(std::vector<TokenId>(30, 3), 200));
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (stream->HasRoom() && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    // The reader is slow, so the sequence stands still: nothing beyond the stream's room has come,
    // and blocks that drafts took have been given back.
    Stats stats = engine->GetEngineStats();
    EXPECT_EQ(stats.serving.tokens.output, capacity);
    EXPECT_EQ(stats.kv_blocks.used, (30 + capacity - 1 + 31) / 32);
    EXPECT_EQ(ReadAll(*stream)[0].ids.size(), 200u);
    ExpectEmpty(engine->GetEngineStats());
  }
}

TEST_F(EngineSpeculationTest, OnlyWhatCameOutIsReused) {
  // The second turn's prompt is the first one's output: it hits what was right, and nothing else.
  FakeModel model({.cycle = 9});
  auto engine = Make({.speculation = {.draft_tokens = 20}}, model);
  Random random(5);
  for (int i = 0; i < 10; ++i) {
    Request request = Greedy(RandomPrompt(random, 20), 70 + i);
    request.sampling.temperature = 1;
    auto first = ReadAll(**engine->Submit(request))[0];
    request.prompt.insert(request.prompt.end(), first.ids.begin(), first.ids.end());
    auto second = ReadAll(**engine->Submit(request))[0];
    EXPECT_EQ(second.finish.usage.cached_tokens, (20 + 70 + i - 1) / 32 * 32);
    EXPECT_EQ(second.ids, GenerateAlone(model, request, 0, {}).ids) << second.finish.error;
  }
}

TEST_F(EngineSpeculationTest, WhatStandsBehindTheEndDoesNotMatter) {
  // The logits behind token 6 are broken, and nobody wants them.
  FakeModel model({.nan = 6, .cycle = 5});
  auto engine = Make({.speculation = {.draft_tokens = 7}}, model);
  Request request = Greedy({2, 3, 4, 5, 6, 2, 3, 4, 5, 6, 2, 3, 4}, 60);
  request.stop_token_ids = {6};
  for (TokenId first = 10; first < 40; ++first) {
    request.prompt[0] = first;
    auto output = ReadAll(**engine->Submit(request))[0];
    ASSERT_EQ(output.ids.back(), 6) << output.finish.error;
    EXPECT_EQ(output.finish.reason, FinishReason::kStop);
  }
  EXPECT_GT(engine->GetEngineStats().drafts_accepted, 0);
  // Without the stop token it fails, after the same tokens.
  request.stop_token_ids.clear();
  auto output = ReadAll(**engine->Submit(request))[0];
  EXPECT_EQ(output.finish.reason, FinishReason::kError);
  EXPECT_EQ(output.ids.back(), 6);
  ExpectEmpty(engine->GetEngineStats());
}

TEST_F(EngineSpeculationTest, ADraftThatTheModelRefusesHurtsNobody) {
  FakeModel model({.poison = 50, .cycle = 5});
  FakeModel draft({.favourite = 50});  // says only what the model cannot take
  auto engine = Make({.speculation = {.draft_tokens = 3, .draft_model = &draft}}, model);
  Request request = Greedy({2, 3, 4}, 40);
  request.sampling.logit_bias = {{50, -1000.0f}};
  std::vector<std::shared_ptr<TokenStream>> streams;
  for (int i = 0; i < 3; ++i) streams.push_back(*engine->Submit(request));
  for (auto& stream : streams) {
    auto output = ReadAll(*stream)[0];
    EXPECT_EQ(output.ids, GenerateAlone(model, request, 0, {}).ids) << output.finish.error;
  }
  EXPECT_EQ(engine->GetEngineStats().drafts_accepted, 0);
  ExpectEmpty(engine->GetEngineStats());
}

// Many sequences in too little memory, with windows, that are cancelled, dropped or read late.
TEST_F(EngineSpeculationTest, RandomLivesLeakNothing) {
  Stats sum;
  uint64_t seed = 0;
  for (int64_t window : {1, 5, 33, 100}) {
    for (const Groups& groups :
         {Groups{FakeModel::Paged(1024), FakeModel::Window(window)},
          Groups{FakeModel::Window(window)},
          Groups{FakeModel::Window(window), FakeModel::Paged(1024), FakeModel::Window(40)}}) {
      for (bool with_model : {false, true}) {
        SCOPED_TRACE(testing::Message() << groups.size() << " groups, window " << window);
        FakeModel model({.groups = groups, .cycle = 9});
        FakeModel draft({.groups = {FakeModel::Window(7)}, .cycle = 9});
        Random random(++seed);
        Options options{.step_tokens_max = 40,
                        .sequences_max = 10,
                        .kv_blocks = groups.size() == 1 ? 9 : 14,
                        .stream_capacity = 8,
                        .prefix_cache = random.Below(2) == 0};
        options.speculation.draft_tokens = random.Below(2) == 0 ? 6 : kSpeculateWhereItPays;
        if (with_model) options.speculation.draft_model = &draft;
        auto engine = Make(options, model);
        std::vector<Request> requests;
        std::vector<std::shared_ptr<TokenStream>> streams;
        for (int i = 0; i < 24; ++i) {
          Request request = AnyRequest(random, 90, 100);
          request.id = std::to_string(i);
          request.stop.clear();  // the reference knows none
          auto stream = engine->Submit(request);
          ASSERT_TRUE(stream.ok()) << stream.status().ToString();
          if (random.Below(8) == 0) continue;  // dropped at once
          requests.push_back(std::move(request));
          streams.push_back(std::move(stream).value());
        }
        ASSERT_NO_FATAL_FAILURE(ReadAndCancelInAnyOrder(
            *engine, model, random, std::move(requests), std::move(streams)));
        EXPECT_TRUE(engine->Drain(std::chrono::seconds(60)));
        EXPECT_EQ(model.unseen, 0);
        ExpectEmpty(engine->GetEngineStats());
        sum.preemptions += engine->GetEngineStats().preemptions;
        sum.drafts_accepted += engine->GetEngineStats().drafts_accepted;
        sum.drafts_rejected += engine->GetEngineStats().drafts_rejected;
      }
    }
  }
  EXPECT_GT(sum.preemptions, 50);
  EXPECT_GT(sum.drafts_accepted, 500);
  EXPECT_GT(sum.drafts_rejected, 500);
}

TEST_F(EngineSpeculationTest, OptionsOutOfRangeAreRefused) {
  FakeModel model;
  FakeModel other({.vocab_size = 65});
  auto refused = [&](SpeculationOptions speculation) {
    return Engine::Create(model, nullptr, pool_, {.speculation = speculation}).status();
  };
  EXPECT_EQ(refused({.draft_tokens = -2}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused({.draft_tokens = kDraftTokensMax + 1}).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused({.draft_kv_bytes_max = 0}).code(), StatusCode::kInvalidArgument);
  Status status = refused({.draft_model = &other});
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("vocabulary of 65"), std::string::npos);
  // Nobody asks it.
  EXPECT_TRUE(refused({.draft_tokens = 0, .draft_model = &other}).ok());
}

}  // namespace
}  // namespace pano::engine
