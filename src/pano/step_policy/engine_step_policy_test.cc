#include "pano/step_policy/engine_step_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
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

Result<sim::ServeRun> Serve(const std::vector<sim::TraceRequest>& trace, const sim::ServePlan& plan, EngineStepPolicy policy,
                            const std::function<void(const sim::StepSeen&)>& on_step = {}) {
  return sim::SimulateServing(trace, plan, policy, on_step);
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
  const auto run = Serve(Burst(40), plan, EngineStepPolicy(plan), [&](const sim::StepSeen& step) {
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
  const auto run = Serve(trace, plan, EngineStepPolicy(plan));
  ASSERT_TRUE(run.ok()) << run.error().message();
  EXPECT_GT(run->preemptions, 0);
  EXPECT_EQ(run->output_tokens, 30 * 60);
  for (const sim::ServedRequest& request : run->requests) EXPECT_GT(request.finish_s, request.first_token_s);
}

// One tenant sends 400 requests at once, another one every second: it does not wait behind the 400, whatever came first.
TEST(EngineStepPolicyTest, ATenantThatFloodsLeavesOthersTheirLatency) {
  const sim::ServePlan plan = Plan(16, 256);
  std::vector<sim::TraceRequest> trace;
  for (int i = 0; i < 400; ++i) trace.push_back({0, 100, 50, {}, 0});
  for (int i = 1; i <= 20; ++i) trace.push_back({1.0 * i, 100, 10, {}, 1});
  const auto fair = Serve(trace, plan, EngineStepPolicy(plan, {"flood", "few"}));
  ASSERT_TRUE(fair.ok()) << fair.error().message();
  const auto by_tenant = sim::FiguresByTenant(trace, *fair, 2);
  EXPECT_EQ(by_tenant[0].requests, 400);
  EXPECT_EQ(by_tenant[1].requests, 20);
  EXPECT_LT(by_tenant[1].ttft.p90, 1);
  EXPECT_GT(by_tenant[0].ttft.p50, 10);
  // The same requests of one tenant: who comes later waits for all before it.
  for (sim::TraceRequest& request : trace) request.tenant = 0;
  const auto queue = Serve(trace, plan, EngineStepPolicy(plan));
  ASSERT_TRUE(queue.ok()) << queue.error().message();
  EXPECT_GT(queue->requests[410].first_token_s - queue->requests[410].arrival_s, 10);
  // Nothing is lost by it: the same work is done in about the same time.
  EXPECT_NEAR(fair->makespan_s, queue->makespan_s, 0.15 * queue->makespan_s);
}

// Both have more than they are given: while the first one's requests last it is served three times as much.
TEST(EngineStepPolicyTest, TenantsThatCompeteAreServedByTheirWeights) {
  sim::ServePlan plan = Plan(16, 256);
  plan.tenants = {{"heavy", 3}};
  std::vector<sim::TraceRequest> trace;
  for (int i = 0; i < 600; ++i) trace.push_back({0, 50, 50, {}, i % 2});
  const auto run = Serve(trace, plan, EngineStepPolicy(plan, {"heavy", "light"}));
  ASSERT_TRUE(run.ok()) << run.error().message();
  double heavy_end = 0;
  for (size_t i = 0; i < trace.size(); i += 2) heavy_end = std::max(heavy_end, run->requests[i].finish_s);
  int64_t light = 0;
  for (size_t i = 1; i < trace.size(); i += 2) light += run->requests[i].finish_s <= heavy_end;
  EXPECT_NEAR(static_cast<double>(light), 100, 15);
}

TEST(EngineStepPolicyTest, ALongPromptGoesInPieces) {
  const sim::ServePlan plan = Plan(4, 128);
  int64_t prefill_steps = 0;
  const auto run = Serve({{0, 1000, 2}}, plan, EngineStepPolicy(plan), [&](const sim::StepSeen& step) {
    if (step.work.prefill_tokens > 0) ++prefill_steps;
  });
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(prefill_steps, 8);
}

}  // namespace
}  // namespace pano::step_policy
