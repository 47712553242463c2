#include <gtest/gtest.h>

#include <algorithm>

#include "model/batch/batch_loop.h"
#include "model/batch/testing/fake_encoder.h"
#include "model/engine/scheduler.h"
#include "model/serving/continuous_batch_policy.h"
#include "model/serving/fixed_batch_policy.h"

namespace pano::batch {
namespace {

using std::chrono::milliseconds;
using testing::FakeEncoder;

// Additive increase, multiplicative decrease: one row more after a step within the target, half as
// many after one beyond it.
class AimdPolicy final : public serving::BatchPolicy {
 public:
  AimdPolicy(int64_t rows, Duration target) : rows_(rows), target_(target) {}
  serving::BatchDecision Decide(const serving::BatchSnapshot& snapshot) const override {
    const int64_t running = snapshot.decoding_rows + snapshot.prefill_rows;
    serving::BatchDecision decision;
    decision.tokens = snapshot.capacity.tokens;
    if (running < rows_) decision.take = CountFitting(snapshot.waiting, {.rows = rows_ - running});
    return decision;
  }
  void Learn(const serving::BatchOutcome& outcome) override {
    rows_ = outcome.computed > target_ ? std::max<int64_t>(1, rows_ / 2) : rows_ + 1;
  }

 private:
  int64_t rows_;
  const Duration target_;
};

// A policy that somebody else owns.
class Borrowed final : public serving::BatchPolicy {
 public:
  explicit Borrowed(serving::BatchPolicy& policy) : policy_(policy) {}
  serving::BatchDecision Decide(const serving::BatchSnapshot& snapshot) const override {
    return policy_.Decide(snapshot);
  }
  void Learn(const serving::BatchOutcome& outcome) override { policy_.Learn(outcome); }

 private:
  serving::BatchPolicy& policy_;
};

// The same policy object before a predictor's loop and before an engine's scheduler.
class OnePolicyTest : public ::testing::Test {
 protected:
  // How many of `texts` inputs that wait a predictor's next batch has; 0: it waits. A row costs
  // `row_time`.
  int64_t PredictorTakes(serving::BatchPolicy& policy, int texts, milliseconds row_time = {}) {
    FakeEncoder encoder;
    serving::Core core(clock_, 64, {}, std::make_unique<Borrowed>(policy));
    JobQueue queue(core.wakeup());
    BatchLoop loop(encoder, core, queue);
    encoder.before = [&](const encoder::EncoderBatch& batch) {
      clock_.Advance(static_cast<int>(batch.texts.size()) * row_time);
    };
    PredictRequest request;
    for (int i = 0; i < texts; ++i) request.inputs.texts.push_back({{1, 2, 3, 4}, {}, {}});
    EXPECT_TRUE(core.Enter("all", "").ok());
    queue.Enter(std::make_shared<Job>("all", std::move(request), clock_.Now()));
    loop.Step();
    return encoder.batches.empty() ? 0 : static_cast<int64_t>(encoder.batches[0].rows);
  }

  // What an engine's next step has beside `decoding` sequences when `prompts` of four tokens wait.
  engine::StepDecision EngineTakes(const serving::BatchPolicy& policy, int decoding, int prompts) {
    engine::Snapshot snapshot;
    snapshot.groups.push_back({{}, 1000, {}});
    for (int i = 0; i < decoding; ++i) snapshot.running.push_back({10, 9, {{}}, false, false});
    for (int i = 0; i < prompts; ++i) {
      snapshot.waiting.push_back({.tokens = 4, .cached = {{}}, .arrived = clock_.Now()});
    }
    const engine::SchedulerLimits limits;
    std::vector<serving::WaitingItem> items;
    serving::BatchSnapshot summary = engine::Summarize(limits, snapshot, items);
    summary.now = clock_.Now();
    return engine::DecideStep(limits, snapshot, serving::DecideWithin(policy, summary));
  }

  ManualClock clock_;
};

TEST_F(OnePolicyTest, AFixedBatchGathersRowsAndSequences) {
  serving::FixedBatchPolicy policy({.rows_max = 3, .tokens_max = 100, .delay = milliseconds(2)});
  EXPECT_EQ(PredictorTakes(policy, 5), 3);
  EXPECT_EQ(EngineTakes(policy, 0, 5).admit.size(), 3u);
  EXPECT_EQ(PredictorTakes(policy, 2), 0);  // they wait for company
  EXPECT_TRUE(EngineTakes(policy, 0, 2).admit.empty());
  // Those that decode count, and are not kept waiting.
  const engine::StepDecision beside = EngineTakes(policy, 1, 2);
  EXPECT_EQ(beside.run.size(), 1u);
  EXPECT_EQ(beside.admit.size(), 2u);
}

TEST_F(OnePolicyTest, AContinuousBatchTakesWhatThereIs) {
  serving::ContinuousBatchPolicy policy({.tokens_max = 40, .prefill_beside_decodes = 6});
  EXPECT_EQ(PredictorTakes(policy, 2), 2);
  EXPECT_EQ(PredictorTakes(policy, 20), 10);  // of four tokens each
  EXPECT_EQ(EngineTakes(policy, 0, 2).admit.size(), 2u);
  // Beside a stream six tokens of prompts, or twelve where more prompts wait.
  EXPECT_EQ(EngineTakes(policy, 1, 1).admit, (std::vector<engine::Work>{{0, 4}}));
  int64_t tokens = 0;
  for (const engine::Work& work : EngineTakes(policy, 1, 9).admit) tokens += work.tokens;
  EXPECT_EQ(tokens, 12);
}

TEST_F(OnePolicyTest, WhatALearnedPolicyLearntFromBatchesItKnowsForSteps) {
  AimdPolicy policy(8, milliseconds(10));
  EXPECT_EQ(EngineTakes(policy, 0, 9).admit.size(), 8u);
  EXPECT_EQ(PredictorTakes(policy, 9, milliseconds(2)), 8);  // 16 ms: too slow
  EXPECT_EQ(EngineTakes(policy, 0, 9).admit.size(), 4u);
  EXPECT_EQ(EngineTakes(policy, 3, 9).admit.size(), 1u);
  EXPECT_EQ(PredictorTakes(policy, 9, milliseconds(2)), 4);  // 8 ms
  EXPECT_EQ(PredictorTakes(policy, 9, milliseconds(2)), 5);
  EXPECT_EQ(EngineTakes(policy, 0, 9).admit.size(), 6u);
}

}  // namespace
}  // namespace pano::batch
