#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/testing/fake_model.h"
#include "model/engine/testing/fake_tokenizer.h"
#include "model/engine/testing/make_engine.h"
#include "model/engine/testing/reference_generator.h"
#include "model/serving/fixed_batch_policy.h"
#include "model/serving/testing/recording_observer.h"

namespace pano::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How requests end, and that the engine survives whatever its callers do.
class EngineLifeTest : public testing::Test {
 protected:
  void SetUp() override { SetLogLevel(LogLevel::kError); }   // failures are made on purpose
  std::unique_ptr<Engine> Make(Options options, FakeModel& model, Observer observer = {},
                               Clock& clock = Clock::Real(),
                               std::unique_ptr<serving::BatchPolicy> policy = nullptr) {
    return MakeEngine(std::move(options), model, pool_, std::move(observer), clock,
                      std::move(policy));
  }

  // Would run for 500 tokens.
  static Request LongRequest(std::string id = "") {
    Request request;
    request.id = std::move(id);
    request.prompt = {10, 11};
    request.max_tokens = 500;
    request.ignore_eos = true;
    return request;
  }

  // Waits for something that another thread is about to do.
  template <typename Condition>
  static bool Eventually(Condition condition) {
    auto until = std::chrono::steady_clock::now() + seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(milliseconds(1));
    }
    return true;
  }

  static void ExpectEmpty(const Engine& engine) {
    EXPECT_TRUE(Eventually([&] { return engine.GetEngineStats().serving.running_rows == 0; }));
    Stats stats = engine.GetEngineStats();
    EXPECT_EQ(stats.kv_blocks.used, 0);
    EXPECT_EQ(stats.kv_blocks.free + stats.kv_blocks.cached, stats.kv_blocks.total);
    EXPECT_EQ(stats.serving.waiting_requests, 0);
    EXPECT_EQ(stats.serving.seconds_since_progress, 0);
  }

  ComputePool pool_{2};
};

TEST_F(EngineLifeTest, CancelEndsWithinOneStep) {
  std::counting_semaphore<> steps(0);
  FakeModel model({.before_step = [&] { steps.acquire(); }});
  auto engine = Make({}, model);
  auto by_id = *engine->Submit(LongRequest("me"));
  auto by_stream = *engine->Submit(LongRequest());
  steps.release(3);
  for (int i = 0; i < 3; ++i) by_id->Pop();
  engine->Cancel("me");
  engine->Cancel("nobody");
  by_stream->Cancel();
  int64_t before = model.steps;
  steps.release();   // the step that may be under way
  auto output = ReadAll(*by_id)[0];
  EXPECT_EQ(output.finish.reason, FinishReason::kCancelled);
  EXPECT_LE(model.steps - before, 1);
  EXPECT_EQ(ReadAll(*by_stream)[0].finishes, 1);
  EXPECT_EQ(engine->GetEngineStats().kv_blocks.used, 0);
  EXPECT_EQ(engine->GetEngineStats().serving.cancellations, 2);
  steps.release(1000);
}

TEST_F(EngineLifeTest, ADroppedStreamIsACancel) {
  FakeModel model;
  auto engine = Make({.stream_capacity = 4}, model);
  auto stream = *engine->Submit(LongRequest());
  stream->Pop();
  stream.reset();
  EXPECT_TRUE(Eventually([&] { return engine->GetEngineStats().serving.cancellations == 1; }));
  ExpectEmpty(*engine);
}

TEST_F(EngineLifeTest, DeadlinesCountWhileWaitingToo) {
  ManualClock clock;
  serving::testing::RecordingObserver recorded;
  FakeModel model;
  auto engine = Make({.sequences_max = 1, .stream_capacity = 4}, model,
                     {.serving = recorded.observer()}, clock);
  Request request = LongRequest();
  request.deadline = clock.Now() + seconds(5);
  auto running = *engine->Submit(request);   // pauses when its stream is full
  auto waiting = *engine->Submit(request);
  EXPECT_TRUE(Eventually([&] { return !running->HasRoom(); }));
  clock.Advance(milliseconds(4999));
  std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ(recorded.ended.count("deadline"), 0u);
  clock.Advance(milliseconds(1));
  EXPECT_TRUE(Eventually([&] { return recorded.ended.count("deadline") == 2; }));
  EXPECT_EQ(ReadAll(*running)[0].finish.reason, FinishReason::kDeadline);
  EXPECT_EQ(ReadAll(*waiting)[0].finish.reason, FinishReason::kDeadline);
  ExpectEmpty(*engine);
}

TEST_F(EngineLifeTest, ASlowReaderPausesOnlyItself) {
  ManualClock clock;
  FakeModel model;
  auto engine = Make({.stream_capacity = 8, .slow_client_timeout = seconds(30)}, model, {}, clock);
  auto slow = *engine->Submit(LongRequest());
  EXPECT_TRUE(Eventually([&] { return !slow->HasRoom(); }));
  EXPECT_TRUE(Eventually([&] { return engine->GetEngineStats().serving.tokens.output == 8; }));
  EXPECT_EQ(engine->GetEngineStats().serving.running_rows, 1);
  EXPECT_EQ(engine->GetEngineStats().serving.seconds_since_progress, 0);   // there is nothing to do
  Request other = LongRequest();
  other.max_tokens = 100;
  EXPECT_EQ(ReadAll(**engine->Submit(other))[0].ids.size(), 100u);
  // Reading wakes it again.
  for (int i = 0; i < 8; ++i) slow->Pop();
  EXPECT_TRUE(Eventually([&] { return engine->GetEngineStats().serving.tokens.output == 116; }));
  clock.Advance(seconds(29));
  EXPECT_EQ(engine->GetEngineStats().serving.cancellations, 0);
  std::this_thread::sleep_for(milliseconds(10));
  clock.Advance(seconds(31));
  EXPECT_TRUE(Eventually([&] { return engine->GetEngineStats().serving.cancellations == 1; }));
  auto rest = ReadAll(*slow)[0];
  EXPECT_EQ(rest.ids.size(), 8u);
  EXPECT_EQ(rest.finish.reason, FinishReason::kCancelled);
  ExpectEmpty(*engine);
}

TEST_F(EngineLifeTest, PausedSequencesGiveUpTheirMemory) {
  FakeModel model;
  auto engine = Make({.kv_blocks = 4, .stream_capacity = 8}, model);
  std::vector<std::shared_ptr<TokenStream>> slow;
  Request request = LongRequest();
  request.prompt = std::vector<TokenId>(60, 8);
  request.max_tokens = 60;
  request.sampling.seed = 1;
  for (int i = 0; i < 2; ++i) slow.push_back(*engine->Submit(request));
  for (auto& stream : slow) EXPECT_TRUE(Eventually([&] { return !stream->HasRoom(); }));
  Request other = request;
  other.prompt = std::vector<TokenId>(60, 9);
  EXPECT_EQ(ReadAll(**engine->Submit(other))[0].ids.size(), 60u);
  for (auto& stream : slow) {
    EXPECT_EQ(ReadAll(*stream)[0].ids, GenerateAlone(model, request, 0, {}).ids);
  }
  EXPECT_GT(engine->GetEngineStats().preemptions, 0);
  ExpectEmpty(*engine);
}

TEST_F(EngineLifeTest, AFullQueueAnswersAtOnce) {
  std::counting_semaphore<> steps(0);
  FakeModel model({.before_step = [&] { steps.acquire(); }});
  serving::testing::RecordingObserver recorded;
  auto engine = Make({.sequences_max = 1, .queue_max = 2}, model, {.serving = recorded.observer()});
  auto running = *engine->Submit(LongRequest("a"));
  ASSERT_TRUE(Eventually([&] { return engine->GetEngineStats().serving.running_rows == 1; }));
  auto b = *engine->Submit(LongRequest("b"));
  auto c = *engine->Submit(LongRequest("c"));
  EXPECT_EQ(engine->Submit(LongRequest("c2")).status().code(), StatusCode::kExhausted);
  EXPECT_GE(engine->RetryAfterSeconds(), 1);
  EXPECT_EQ(engine->GetEngineStats().serving.waiting_requests, 2);
  EXPECT_EQ(engine->GetEngineStats().serving.rejections, 1);
  EXPECT_EQ(recorded.rejected.count("queue_full"), 1u);
  engine->Cancel("b");
  steps.release(1);
  EXPECT_TRUE(Eventually([&] { return engine->GetEngineStats().serving.waiting_requests == 1; }));
  EXPECT_EQ(engine->Submit(LongRequest("a")).status().code(), StatusCode::kAlreadyExists);
  EXPECT_TRUE(engine->Submit(LongRequest("d")).ok());
  steps.release(100000);
}

TEST_F(EngineLifeTest, DrainFinishesWhatRuns) {
  FakeModel model;
  auto engine = Make({.stream_capacity = 1000}, model);
  auto stream = *engine->Submit(LongRequest());
  EXPECT_TRUE(engine->Drain(seconds(60)));
  EXPECT_EQ(engine->Submit(LongRequest()).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(engine->GetEngineStats().kv_blocks.used, 0);
  auto output = ReadAll(*stream)[0];
  EXPECT_EQ(output.ids.size(), 500u);
}

TEST_F(EngineLifeTest, DrainCancelsWhatTakesTooLong) {
  FakeModel model;
  auto engine = Make({.stream_capacity = 4}, model);
  auto stream = *engine->Submit(LongRequest());   // nobody reads
  EXPECT_FALSE(engine->Drain(milliseconds(20)));
  EXPECT_EQ(ReadAll(*stream)[0].finish.reason, FinishReason::kCancelled);
}

TEST_F(EngineLifeTest, DestructionTellsEverybody) {
  FakeModel model;
  std::vector<std::shared_ptr<TokenStream>> streams;
  {
    auto engine = Make({.sequences_max = 4}, model);
    for (int i = 0; i < 20; ++i) streams.push_back(*engine->Submit(LongRequest()));
    streams[0]->Pop();
  }
  for (auto& stream : streams) {
    EXPECT_EQ(ReadAll(*stream)[0].finish.reason, FinishReason::kCancelled);
    stream->Cancel();   // wakes nobody
  }
}

TEST_F(EngineLifeTest, ReadinessSeesAStepThatHangs) {
  ManualClock clock;
  std::counting_semaphore<> steps(0);
  FakeModel model({.before_step = [&] { steps.acquire(); }});
  auto engine = Make({}, model, {}, clock);
  clock.Advance(seconds(100));
  EXPECT_EQ(engine->GetEngineStats().serving.seconds_since_progress, 0);
  auto stream = *engine->Submit(LongRequest());
  clock.Advance(seconds(7));
  EXPECT_EQ(engine->GetEngineStats().serving.seconds_since_progress, 7);
  steps.release(1000);
  ReadAll(*stream);
  ExpectEmpty(*engine);
}

TEST_F(EngineLifeTest, ABatchPolicyMayHaveSequencesWaitForOthers) {
  ManualClock clock;
  FakeModel model;
  auto engine = Make({}, model, {}, clock,
                     std::make_unique<serving::FixedBatchPolicy>(serving::FixedBatchOptions{
                         .rows_max = 2, .tokens_max = 512, .delay = seconds(1)}));
  Request request = LongRequest();
  request.max_tokens = 10;
  request.sampling.seed = 1;
  const std::vector<TokenId> want = GenerateAlone(model, request, 0, {}).ids;
  auto alone = *engine->Submit(request);
  EXPECT_TRUE(Eventually([&] { return clock.NextDeadline() == clock.Now() + seconds(1); }));
  EXPECT_EQ(model.steps, 0);
  clock.Advance(seconds(1));
  EXPECT_EQ(ReadAll(*alone)[0].ids, want);
  // Two make a full batch: no time needs to pass.
  auto first = *engine->Submit(request);
  auto second = *engine->Submit(request);
  EXPECT_EQ(ReadAll(*first)[0].ids, want);
  EXPECT_EQ(ReadAll(*second)[0].ids, want);
  ExpectEmpty(*engine);
}

TEST_F(EngineLifeTest, TenantsAreChargedForTheirTokens) {
  FakeModel model;
  auto engine = Make({}, model);
  Request request = LongRequest();
  request.max_tokens = 10;
  for (const char* tenant : {"a", "b", "b"}) {
    request.tenant = tenant;
    ReadAll(**engine->Submit(request));
  }
  ExpectEmpty(*engine);
  const std::vector<serving::TenantStats> tenants = engine->GetTenantStats();
  ASSERT_EQ(tenants.size(), 2u);
  EXPECT_EQ(tenants[0].tokens, (serving::TokenCounts{.input = 2, .output = 10}));
  EXPECT_EQ(tenants[1].requests, 2);
  EXPECT_EQ(tenants[1].tokens, (serving::TokenCounts{.input = 4, .output = 20}));
}

TEST_F(EngineLifeTest, ObserversSeeEveryStage) {
  FakeModel model;
  serving::testing::RecordingObserver recorded;
  serving::testing::RecordingHistogram ttft, inter;
  const Observer observer{
      .serving = recorded.observer(), .ttft_seconds = &ttft, .inter_token_seconds = &inter};
  auto engine = Make({}, model, observer);
  Request request = LongRequest();
  request.max_tokens = 10;
  ReadAll(**engine->Submit(request));
  engine.reset();
  EXPECT_EQ(recorded.queue_seconds.count(), 1u);
  EXPECT_EQ(ttft.count(), 1u);
  EXPECT_EQ(inter.count(), 9u);
  EXPECT_EQ(recorded.step_seconds.count(), 10u);
  EXPECT_EQ(recorded.step_tokens.sum(), 2 + 9);
}

// A thousand requests from four threads that cancel, drop, time out, read slowly or break; then nothing
// is left and the engine still answers.
TEST_F(EngineLifeTest, RandomLivesLeakNothing) {
  FakeModel model({.poison = 50, .nan = 51});
  auto engine = Make({.step_tokens_max = 48, .sequences_max = 12, .queue_max = 40, .kv_blocks = 24,
                      .stream_capacity = 8, .slow_client_timeout = milliseconds(30)},
                     model);
  std::atomic<int> missing = 0;
  auto life = [&](uint64_t seed) {
    Random random(seed);
    std::vector<std::shared_ptr<TokenStream>> idle;
    for (int i = 0; i < 250; ++i) {
      Request request;
      request.id = "life-" + std::to_string(seed) + "-" + std::to_string(i);
      request.tenant = std::to_string(random.Below(3));
      request.prompt.assign(1 + random.Below(150), static_cast<TokenId>(5 + random.Below(3)));
      request.prompt.push_back(static_cast<TokenId>(random.Below(64)));
      request.max_tokens = random.Below(60);
      request.n = static_cast<int32_t>(1 + random.Below(3));
      if (random.Below(5) == 0) request.prompt_logprobs = 1;
      if (random.Below(5) == 0) request.stop = {"ab", "x"};
      if (random.Below(6) == 0) {
        request.deadline = Clock::Real().Now() + milliseconds(random.Below(20));
      }
      int n = request.n;
      auto submitted = engine->Submit(request);
      if (!submitted.ok()) {
        if (submitted.status().code() == StatusCode::kExhausted) {
          std::this_thread::sleep_for(milliseconds(1));
        }
        continue;
      }
      auto stream = std::move(submitted).value();
      switch (random.Below(6)) {
        case 0: engine->Cancel(request.id); break;
        case 1: stream.reset(); break;
        case 2: stream->Cancel(); break;
        case 3: idle.push_back(stream); stream.reset(); break;
        case 4: stream->TryPop(); stream.reset(); break;
        default: break;
      }
      if (!stream) continue;
      for (const ChoiceOutput& output : ReadAll(*stream, n)) missing += output.finishes != 1;
    }
    for (auto& stream : idle) {
      int finishes = 0;
      while (auto event = stream->Pop()) finishes += event->kind == Event::Kind::kFinish;
      missing += finishes == 0;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (uint64_t seed = 1; seed <= 4; ++seed) threads.emplace_back(life, seed);
  }
  EXPECT_EQ(missing, 0);
  ExpectEmpty(*engine);
  Request last = LongRequest();
  last.max_tokens = 5;
  last.sampling.logit_bias = {{50, -1000.0f}, {51, -1000.0f}};
  EXPECT_EQ(ReadAll(**engine->Submit(last))[0].ids.size(), 5u);
}

}  // namespace
}  // namespace pano::engine
