#include "pano/step_policy/engine_step_policy.h"

#include <gtest/gtest.h>

#include <vector>

#include "infra/sim/serve_run.h"

namespace pano::step_policy {
namespace {

sim::ServePlan Plan(int64_t sequences, int64_t step_tokens) {
  sim::ServePlan plan;
  plan.max_sequences = sequences;
  plan.step_tokens = step_tokens;
  plan.time.line = {0.01, 0.001, 0.002};
  return plan;
}

// Many short requests at once, prompts of 100 tokens and 20 tokens of answer.
std::vector<sim::TraceRequest> Burst(int count) {
  std::vector<sim::TraceRequest> trace;
  for (int i = 0; i < count; ++i) trace.push_back({0.01 * i, 100, 20});
  return trace;
}

TEST(EngineStepPolicyTest, StepsKeepWithinTheBudgetAndDecodesComeFirst) {
  const sim::ServePlan plan = Plan(8, 64);
  int64_t sequences_most = 0, beside_decodes = 0;
  const auto run = sim::SimulateServing(Burst(40), plan, EngineStepPolicy(plan), [&](const sim::StepSeen& step) {
    EXPECT_LE(step.work.decode_rows + step.work.prefill_tokens, 64);
    sequences_most = std::max(sequences_most, step.work.decode_rows);
    // The policy's own limit beside streams: 24, or half as many again as they are, twice that where many wait.
    if (step.work.decode_rows > 0) beside_decodes = std::max(beside_decodes, step.work.prefill_tokens);
  });
  ASSERT_TRUE(run.ok()) << run.error().message();
  EXPECT_LE(sequences_most, 8);
  EXPECT_GT(sequences_most, 3);
  EXPECT_GT(beside_decodes, 0);
  EXPECT_LE(beside_decodes, 48);
  EXPECT_EQ(run->output_tokens, 800);
  EXPECT_EQ(run->preemptions, 0);
}

// Memory for four whole requests: more are admitted than fit to their end, and the youngest gives way.
TEST(EngineStepPolicyTest, ShortMemoryPreemptsAndEverybodyIsServed) {
  sim::ServePlan plan = Plan(16, 512);
  plan.kv_tokens = 4 * 128 + 64;
  std::vector<sim::TraceRequest> trace;
  for (int i = 0; i < 30; ++i) trace.push_back({0, 60, 60});
  const auto run = sim::SimulateServing(trace, plan, EngineStepPolicy(plan));
  ASSERT_TRUE(run.ok()) << run.error().message();
  EXPECT_GT(run->preemptions, 0);
  EXPECT_EQ(run->output_tokens, 30 * 60);
  for (const sim::ServedRequest& request : run->requests) EXPECT_GT(request.finish_s, request.first_token_s);
}

TEST(EngineStepPolicyTest, ALongPromptGoesInPieces) {
  const sim::ServePlan plan = Plan(4, 128);
  int64_t prefill_steps = 0;
  const auto run = sim::SimulateServing({{0, 1000, 2}}, plan, EngineStepPolicy(plan), [&](const sim::StepSeen& step) {
    if (step.work.prefill_tokens > 0) ++prefill_steps;
  });
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(prefill_steps, 8);
}

}  // namespace
}  // namespace pano::step_policy
