#include "infra/sim/serve_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/sim/testing/greedy_step_policy.h"

namespace pano::sim {
namespace {

using testing::HasSubstr;

Result<ServeRun> Serve(const std::vector<TraceRequest>& trace, const ServePlan& plan, GreedyStepPolicy policy, const std::function<void(const StepSeen&)>& on_step = {}) {
  return SimulateServing(trace, plan, policy, on_step);
}

ServePlan Line(double base, double prefill, double decode, int64_t replicas = 1) {
  ServePlan plan;
  plan.replicas = replicas;
  plan.time.line = {base, prefill, decode};
  return plan;
}

TEST(ServeRunTest, OneAtATimeIsASingleServerQueue) {
  const std::vector<TraceRequest> trace = {{0, 10, 1}, {0.5, 10, 3}, {5, 20, 1}};
  const auto run = Serve(trace, Line(0, 0.1, 0.25), GreedyStepPolicy(1));
  ASSERT_TRUE(run.ok());
  EXPECT_DOUBLE_EQ(run->requests[0].finish_s, 1);
  EXPECT_DOUBLE_EQ(run->requests[1].begun_s, 1);
  EXPECT_DOUBLE_EQ(run->requests[1].first_token_s, 2);
  EXPECT_DOUBLE_EQ(run->requests[1].finish_s, 2.5);
  EXPECT_DOUBLE_EQ(run->requests[2].finish_s, 7);
  EXPECT_EQ(run->waited, 1);
  EXPECT_DOUBLE_EQ(run->makespan_s, 7);
  EXPECT_DOUBLE_EQ(run->response.mean, (1 + 2 + 2) / 3.0);
  EXPECT_DOUBLE_EQ(run->system_mean, 5 / 7.0);
  EXPECT_EQ(run->steps, 5);
  EXPECT_EQ(run->output_tokens, 5);
  EXPECT_DOUBLE_EQ(run->gap.mean, 0.25);
}

TEST(ServeRunTest, WhatWaitsJoinsTheNextStep) {
  const std::vector<TraceRequest> trace = {{0, 10, 3}, {0.2, 10, 1}};
  std::vector<StepSeen> steps;
  const auto run = Serve(trace, Line(0, 0.1, 0.5), GreedyStepPolicy(4), [&](const StepSeen& step) { steps.push_back(step); });
  ASSERT_TRUE(run.ok());
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[1].work.decode_rows, 1);  // the first one's second token, with the other's prompt
  EXPECT_EQ(steps[1].work.prefill_tokens, 10);
  EXPECT_EQ(steps[1].work.sampled_rows, 2);
  EXPECT_DOUBLE_EQ(steps[1].work.pairs, 11 + 55);
  EXPECT_DOUBLE_EQ(steps[1].seconds, 1.5);
  EXPECT_DOUBLE_EQ(run->requests[1].finish_s, 2.5);
}

TEST(ServeRunTest, ReplicasShareOneQueue) {
  const std::vector<TraceRequest> trace = {{0, 10, 1}, {0, 30, 1}, {0.1, 10, 1}, {0.2, 10, 1}};
  const auto run = Serve(trace, Line(0, 0.1, 0.1, 2), GreedyStepPolicy(1));
  ASSERT_TRUE(run.ok());
  EXPECT_DOUBLE_EQ(run->requests[2].begun_s, 1);
  EXPECT_DOUBLE_EQ(run->requests[3].begun_s, 2);
  EXPECT_DOUBLE_EQ(run->makespan_s, 3);
  EXPECT_DOUBLE_EQ(run->busy, 1);
}

TEST(ServeRunTest, ClientsSendTheNextRequestAsTheLastOneEnds) {
  const std::vector<TraceRequest> trace(5, {7, 10, 2});
  ServePlan plan = Line(0, 0.1, 0.5);
  plan.clients = 2;
  const auto run = Serve(trace, plan, GreedyStepPolicy(1));
  ASSERT_TRUE(run.ok());
  // One at a time takes 1.5 s; the other client waits for that and for its own.
  EXPECT_DOUBLE_EQ(run->requests[1].arrival_s, 7);
  EXPECT_DOUBLE_EQ(run->requests[2].arrival_s, 8.5);
  EXPECT_DOUBLE_EQ(run->requests[4].arrival_s, 11.5);
  EXPECT_DOUBLE_EQ(run->requests[3].finish_s - run->requests[3].arrival_s, 3);
  EXPECT_DOUBLE_EQ(run->makespan_s, 7.5);
  plan.client_s = 0.25;   // one request after another
  const auto later = Serve(trace, plan, GreedyStepPolicy(1));
  EXPECT_DOUBLE_EQ(later->requests[0].arrival_s, 7.25);
  EXPECT_DOUBLE_EQ(later->requests[1].arrival_s, 7.5);
  EXPECT_DOUBLE_EQ(later->requests[2].arrival_s, 9);
  plan.client_s = 0;
  plan.clients = 9;
  EXPECT_DOUBLE_EQ(Serve(trace, plan, GreedyStepPolicy(5))->requests[4].arrival_s, 7);
}

TEST(ServeRunTest, WhatAnotherRequestComputedIsNotComputedAgain) {
  const std::vector<TraceRequest> trace = {{0, 1100, 1, {1, 2, 3}}, {0, 1100, 1, {1, 2, 4}}, {0, 1024, 1, {1, 2}}};
  ServePlan plan = Line(0, 0.001, 0.001);
  plan.prefix_cache_tokens = 4096;
  const auto run = Serve(trace, plan, GreedyStepPolicy(1));
  ASSERT_TRUE(run.ok());
  EXPECT_DOUBLE_EQ(run->requests[0].finish_s, 1.1);
  EXPECT_NEAR(run->requests[1].finish_s, 1.1 + 0.076, 1e-9);   // 1,024 of its tokens are there
  EXPECT_NEAR(run->requests[2].finish_s, 1.176 + 0.016, 1e-9);  // all, but one block is computed
  EXPECT_EQ(run->cached_tokens, 1024 + 1008);
  plan.prefix_cache_tokens = 0;
  EXPECT_NEAR(Serve(trace, plan, GreedyStepPolicy(1))->makespan_s, 3.224, 1e-9);
}

// A replica goes down in the middle of an answer: the request begins anew on the other one, before what came later.
TEST(ServeRunTest, WhatAReplicaLosesBeginsAnew) {
  ServePlan plan = Line(0, 0.1, 0.5, 2);
  plan.faults = {{.replica = 0, .at_s = 2.25, .seconds = 10}};
  // Each takes 1 s for its prompt and 0.5 s for each further token.
  const std::vector<TraceRequest> trace = {{7, 10, 5}, {7, 10, 4}, {7.5, 10, 1}};
  const auto run = Serve(trace, plan, GreedyStepPolicy(1));
  ASSERT_TRUE(run.ok()) << run.error().message();
  EXPECT_EQ(run->restarts, 1);
  EXPECT_EQ(run->lost_tokens, 3);   // at 8, 8.5 and 9 s
  EXPECT_EQ(run->output_tokens, 10);
  EXPECT_DOUBLE_EQ(run->requests[1].finish_s, 9.5);
  EXPECT_DOUBLE_EQ(run->requests[0].first_token_s, 10.5);
  EXPECT_DOUBLE_EQ(run->requests[0].finish_s, 12.5);
  EXPECT_DOUBLE_EQ(run->requests[2].begun_s, 12.5);
  EXPECT_DOUBLE_EQ(run->busy, (2.25 + 2.5 + 3 + 1) / 2 / 6.5);
  plan.faults = {{.replica = 0, .at_s = 2.25, .seconds = 0}};   // back at once
  EXPECT_DOUBLE_EQ(Serve(trace, plan, GreedyStepPolicy(1))->requests[0].finish_s, 12.25);
  plan.faults = {{.replica = 0, .at_s = 2.25}, {.replica = 1, .at_s = 3}};
  const auto none = Serve(trace, plan, GreedyStepPolicy(1));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), StatusCode::kUnavailable);
  EXPECT_THAT(none.error().message(), HasSubstr("2 requests wait"));
  plan.faults = {{.replica = 2}};
  EXPECT_FALSE(Serve(trace, plan, GreedyStepPolicy(1)).ok());
}

TEST(ServeRunTest, WhileAllAreDownRequestsWait) {
  ServePlan plan = Line(0, 0.1, 0.5);
  plan.kv_tokens = 64;
  plan.faults = {{.replica = 0, .at_s = 0.5, .seconds = 4}, {.replica = 0, .at_s = 5, .seconds = 1}};
  const auto run = Serve({{0, 10, 1}, {1, 10, 1}}, plan, GreedyStepPolicy(2));
  ASSERT_TRUE(run.ok()) << run.error().message();
  EXPECT_EQ(run->restarts, 3);   // one, then both
  EXPECT_DOUBLE_EQ(run->makespan_s, 6 + 2);
}

// Servers that always have work: one that is half as fast does half as much.
TEST(ServeRunTest, ASlowReplicaDoesItsShare) {
  ServePlan plan = Line(0, 0.1, 0.1, 4);
  plan.slow = {{3, 2}};
  const auto run = Serve(std::vector<TraceRequest>(3500, {0, 10, 1}), plan, GreedyStepPolicy(1));
  ASSERT_TRUE(run.ok()) << run.error().message();
  EXPECT_NEAR(run->makespan_s, 3500 / 3.5, 1.0);
  // One request at a time of a single slow one.
  plan = Line(0, 0.1, 0.25);
  plan.slow = {{0, 3}};
  EXPECT_DOUBLE_EQ(Serve({{0, 10, 3}}, plan, GreedyStepPolicy(1))->makespan_s, 4.5);
}

TEST(ServeRunTest, RefusesWhatNoReplicaCouldHold) {
  ServePlan plan = Line(0, 0.1, 0.1);
  plan.kv_tokens = 50;  // three blocks of 16
  EXPECT_THAT(Serve({{0, 48, 1}}, plan, GreedyStepPolicy(1)).error().message(), HasSubstr("request 0 has 49 tokens"));
  EXPECT_TRUE(Serve({{0, 47, 1}}, plan, GreedyStepPolicy(1)).ok());
  EXPECT_FALSE(Serve({}, plan, GreedyStepPolicy(1)).ok());
}

TEST(ServeRunTest, QuantilesAreThoseOfTheNearestRank) {
  std::vector<double> values = {4, 1, 3, 2};
  const Quantiles q = QuantilesOf(values);
  EXPECT_DOUBLE_EQ(q.mean, 2.5);
  EXPECT_DOUBLE_EQ(q.p50, 2);
  EXPECT_DOUBLE_EQ(q.p99, 4);
  std::vector<double> none;
  EXPECT_EQ(QuantilesOf(none).p99, 0);
}

}  // namespace
}  // namespace pano::sim
