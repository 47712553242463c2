#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>

#include "base/random.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/engine/engine.h"
#include "model/engine/testing/engine_checks.h"
#include "model/engine/testing/fake_model.h"
#include "model/engine/testing/random_request.h"
#include "model/engine/testing/reference_generator.h"
#include "model/serving/reasons.h"

// Tenants that compete for one engine. Time is what a step costs: six tokens and one for each token of it.

namespace pano::engine {
namespace {

// A fake model whose steps take their time.
class TimedModel final : public nn::Model {
 public:
  explicit TimedModel(ManualClock& clock) : clock_(clock) {}
  int64_t vocab_size() const override { return model_.vocab_size(); }
  int64_t context_length() const override { return model_.context_length(); }
  int64_t state_variant(int64_t planned_length) const override {
    return model_.state_variant(planned_length);
  }
  nn::StateLayout state_layout() const override { return model_.state_layout(); }
  Result<std::unique_ptr<nn::State>> CreateState(std::span<const int> block_counts) const override {
    return model_.CreateState(block_counts);
  }
  Status Forward(const nn::StepPlan& plan, nn::State& state, nn::Logits& logits) override {
    clock_.Advance(std::chrono::milliseconds(6 + static_cast<int64_t>(plan.token_count())));
    return model_.Forward(plan, state, logits);
  }

 private:
  ManualClock& clock_;
  FakeModel model_;
};

class EngineFairnessTest : public testing::Test {
 protected:
  std::unique_ptr<Engine> Make(Options options, nn::Model& model) {
    options.end_token_ids = {1};
    options.speculation.draft_tokens = 0;
    auto engine = Engine::Create(model, nullptr, pool_, options, {}, nullptr, clock_);
    EXPECT_TRUE(engine.ok()) << engine.status().ToString();
    return std::move(engine).value();
  }
  Request MakeRequest(std::string tenant, int64_t prompt, int64_t output) {
    Request request;
    request.tenant = std::move(tenant);
    for (int64_t i = 0; i < prompt; ++i) {
      request.prompt.push_back(static_cast<TokenId>(2 + random_.Below(60)));
    }
    request.max_tokens = output;
    request.ignore_eos = true;
    request.sampling.seed = 1;
    return request;
  }
  Random random_{5};
  ManualClock clock_;
  ComputePool pool_{2};
};

// The whole time of each of `count` requests of the tenant "few", one after the other.
std::vector<double> Latencies(Engine& engine, std::vector<Request> requests) {
  std::vector<double> all;
  for (Request& request : requests) {
    auto stream = *engine.Submit(std::move(request));
    all.push_back(ReadAll(*stream)[0].finish.timings.total_ms);
  }
  std::ranges::sort(all);
  return all;
}

TEST_F(EngineFairnessTest, AFloodLeavesOthersTheirLatency) {
  constexpr int kRequests = 40;
  auto few = [&] {
    std::vector<Request> requests;
    for (int i = 0; i < kRequests; ++i) requests.push_back(MakeRequest("few", 24, 40));
    return requests;
  };
  double alone = 0;
  {
    TimedModel model(clock_);
    auto engine = Make({}, model);
    alone = Latencies(*engine, few()).back();
  }
  TimedModel model(clock_);
  Options options;
  options.queue_max = 1000;
  options.stream_capacity = 1000;
  auto engine = Make(options, model);
  std::vector<std::shared_ptr<TokenStream>> flood;
  for (int i = 0; i < 300; ++i) flood.push_back(*engine->Submit(MakeRequest("flood", 60, 200)));
  // Their first steps show what a step costs.
  for (int i = 0; i < 100; ++i) flood[0]->Pop();
  // The first one meets steps made for throughput; from then on the engine knows that others come.
  Latencies(*engine, {MakeRequest("few", 24, 40)});
  // Between two requests this thread may be kept from its core while virtual time runs on for minutes, which is as if the
  // tenant had not come for so long. So of half of them the latency is judged here, with room for a step more (1.3 is the
  // aim, and tests/flood.py judges the 99th percentile by it).
  const double beside = Latencies(*engine, few())[kRequests / 2 - 1];
  RecordProperty("alone_ms", std::to_string(alone));
  RecordProperty("beside_ms", std::to_string(beside));
  EXPECT_LE(beside, 1.4 * alone) << "alone " << alone << " ms";
  // And the flood advanced meanwhile.
  EXPECT_GT(engine->GetStats().tokens.output, kRequests * 40 + 200);
}

// Five seconds after tenants competed, steps were as long as they can be again.
TEST_F(EngineFairnessTest, WhoComesBackMeetsAShortStep) {
  TimedModel model(clock_);
  Options options;
  options.queue_max = 1000;
  auto engine = Make(options, model);
  std::vector<std::shared_ptr<TokenStream>> flood;
  for (int i = 0; i < 800; ++i) flood.push_back(*engine->Submit(MakeRequest("flood", 200, 2)));
  while (engine->GetStats().steps < 40) std::this_thread::yield();
  Latencies(*engine, {MakeRequest("few", 24, 10)});
  const TimePoint quiet = clock_.Now();
  const auto stats_after = [&](int seconds) {
    while (clock_.Now() < quiet + std::chrono::seconds(seconds)) std::this_thread::yield();
    return engine->GetStats();
  };
  const serving::Stats from = stats_after(8), to = stats_after(20);
  EXPECT_GT(to.waiting_requests, 0) << "the flood is over";
  // A step of 50 ms has 44 tokens; one that nobody limits has 512.
  const double tokens = static_cast<double>(to.tokens.input + to.tokens.output - from.tokens.input - from.tokens.output) /
                        static_cast<double>(to.steps - from.steps);
  EXPECT_LE(tokens, 50);
  EXPECT_GE(tokens, 30);
  for (auto& stream : flood) stream->Cancel();
}

TEST_F(EngineFairnessTest, WeightsDivideWhatIsServed) {
  std::counting_semaphore<> steps(0);
  FakeModel model({.before_step = [&] { steps.acquire(); }});
  Options options;
  options.sequences_max = 8;
  options.stream_capacity = 1000;
  auto engine = Make(options, model);
  std::vector<std::shared_ptr<TokenStream>> streams;
  for (int i = 0; i < 20; ++i) {
    for (const char* tenant : {"one", "three"}) {
      Request request = MakeRequest(tenant, 8, 400);
      request.weight = std::string_view(tenant) == "three" ? 3 : 1;
      streams.push_back(*engine->Submit(std::move(request)));
    }
  }
  // Past the credit that both began with.
  steps.release(1600);
  auto tokens = [&](size_t i) { return static_cast<double>(engine->GetTenantStats().at(i).tokens.output); };
  while (engine->GetStats().steps < 1000) std::this_thread::yield();
  const double one = tokens(0), three = tokens(1);
  while (engine->GetStats().steps < 1500) std::this_thread::yield();
  EXPECT_NEAR((tokens(1) - three) / (tokens(0) - one), 3, 0.6);
  for (auto& stream : streams) stream->Cancel();
  steps.release(100'000);
}

// Whatever is deferred, displaced and reordered: results are those of each request alone.
TEST_F(EngineFairnessTest, ResultsDoNotDependOnWhoCompetes) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    FakeModel model;
    Options options;
    options.sequences_max = 1 + static_cast<int64_t>(random.Below(6));
    options.step_tokens_max = 8 + static_cast<int64_t>(random.Below(64));
    options.kv_blocks = 20 + static_cast<int64_t>(random.Below(20));
    options.stream_capacity = 1000;
    auto engine = Make(options, model);
    std::vector<Request> requests;
    std::vector<std::shared_ptr<TokenStream>> streams;
    for (int i = 0; i < 30; ++i) {
      Request request = MakeRequest(StrCat("t", random.Below(3)), 1 + static_cast<int64_t>(random.Below(90)),
                                    1 + static_cast<int64_t>(random.Below(40)));
      request.id = StrCat("r", i);
      request.weight = 1 + static_cast<double>(random.Below(3));
      request.priority = static_cast<int32_t>(random.Below(3)) - 1;
      request.sampling.seed = random.Below(1000);
      requests.push_back(request);
      auto stream = engine->Submit(std::move(request));
      ASSERT_TRUE(stream.ok()) << stream.error().message();
      streams.push_back(*std::move(stream));
    }
    ASSERT_NO_FATAL_FAILURE(
        ReadAndCancelInAnyOrder(*engine, model, random, std::move(requests), std::move(streams)));
    engine->Drain(std::chrono::seconds(20));
    ExpectEmpty(engine->GetEngineStats());
  }
}

TEST_F(EngineFairnessTest, PrefixesAreNotSharedBetweenTenants) {
  FakeModel model;
  auto engine = Make({}, model);
  const Request request = MakeRequest("a", 200, 2);
  auto cached = [&](std::string tenant) {
    Request again = request;
    again.tenant = std::move(tenant);
    return ReadAll(**engine->Submit(std::move(again)))[0].finish.usage.cached_tokens;
  };
  EXPECT_EQ(cached("a"), 0);
  EXPECT_EQ(cached("b"), 0);    // the same prompt
  EXPECT_EQ(cached("a"), 192);
  EXPECT_EQ(cached("b"), 192);
  EXPECT_EQ(cached("ab"), 0);
  EXPECT_EQ(cached(""), 0);
}

TEST_F(EngineFairnessTest, ADeadlineThatCannotBeMetIsRefusedAtOnce) {
  std::counting_semaphore<> steps(0);
  FakeModel model({.before_step = [&] {
    steps.acquire();
    clock_.Advance(std::chrono::milliseconds(100));
  }});
  Options options;
  options.sequences_max = 1;
  auto engine = Make(options, model);
  steps.release(40);
  // Four requests of ten steps: a second each.
  for (int i = 0; i < 4; ++i) ReadAll(**engine->Submit(MakeRequest("a", 4, 10)));
  std::vector<std::shared_ptr<TokenStream>> waiting;
  for (int i = 0; i < 6; ++i) waiting.push_back(*engine->Submit(MakeRequest("a", 4, 10)));
  Request late = MakeRequest("a", 4, 10);
  late.deadline = clock_.Now() + std::chrono::seconds(3);
  const auto refused = engine->Submit(late);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), StatusCode::kDeadline);
  EXPECT_EQ(refused.error().reason(), serving::kDeadlineCannotBeMet);
  late.deadline = clock_.Now() + std::chrono::seconds(30);
  EXPECT_TRUE(engine->Submit(late).ok());
  // Of another tenant hardly anything is ahead.
  Request other = MakeRequest("b", 4, 10);
  other.deadline = clock_.Now() + std::chrono::seconds(3);
  EXPECT_TRUE(engine->Submit(other).ok());
  for (auto& stream : waiting) stream->Cancel();
  steps.release(100'000);
}

}  // namespace
}  // namespace pano::engine
