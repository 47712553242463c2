#include "pano/plan/serve_loop.h"

#include <gtest/gtest.h>

namespace pano::plan {
namespace {

sim::StepTime Line(double base, double prefill, double decode) {
  sim::StepTime time;
  time.line = {base, prefill, decode};
  return time;
}

planner::ServeGoal Goal(int64_t prompt, int64_t answer) {
  planner::ServeGoal goal;
  goal.prompt_tokens = prompt;
  goal.max_tokens = answer;
  goal.step_tokens = 512;
  return goal;
}

TEST(ServeLoop, OneClientWaitsForItsOwnStepsAlone) {
  planner::ServePrediction out;
  const auto done = SimulateLoop(Line(0.01, 0.001, 0), Goal(100, 11), 1, out);
  ASSERT_TRUE(done.ok() && *done);
  EXPECT_NEAR(out.ttft_s, 0.11, 1e-9);
  EXPECT_NEAR(out.itl_s, 0.01, 1e-9);
  // A prompt's step and ten of its answer, and up to a tenth for the client and the threads beside it.
  EXPECT_LT(out.tokens_s, 11 / 0.21);
  EXPECT_GT(out.tokens_s, 0.9 * 11 / 0.21);
  EXPECT_NEAR(out.requests_day, 86400 * out.tokens_s / 11, 1e-6 * out.requests_day);
}

TEST(ServeLoop, MoreClientsShareStepsAndPromptsStallThem) {
  planner::ServePrediction one, many;
  const sim::StepTime time = Line(0.01, 0.001, 0.0001);
  ASSERT_TRUE(*SimulateLoop(time, Goal(100, 50), 1, one));
  ASSERT_TRUE(*SimulateLoop(time, Goal(100, 50), 8, many));
  EXPECT_GT(many.tokens_s, 2 * one.tokens_s);
  EXPECT_GT(many.itl_s, one.itl_s);
  // No step is shorter than its base and no prompt cheaper than its tokens: a bound on the rate.
  EXPECT_LT(many.requests_day / 86400, 1 / (100 * 0.001));
}

// Clients whose requests are alike go in rounds: a prompt's step of all of them, then steps of their answers. A rate that counted one round's ends
// more than its time was a fifth too high.
TEST(ServeLoop, RoundsOfClientsAreCountedWhole) {
  planner::ServePrediction out;
  ASSERT_TRUE(*SimulateLoop(Line(1, 0, 0), Goal(10, 20), 4, out));
  // Twenty steps of a second for four answers of twenty tokens, and at most one step more where a client comes late.
  EXPECT_LE(out.tokens_s, 4 * 20 / 20.0);
  EXPECT_GE(out.tokens_s, 4 * 20 / 21.5);
}

TEST(ServeLoop, LevelsBoundTheRateOfRandomArrivals) {
  const sim::StepTime time = Line(0.01, 0.001, 0.0001);
  planner::ServeGoal goal = Goal(100, 50);
  planner::ServePrediction free, loose, tight, never;
  ASSERT_TRUE(*SimulateLoop(time, goal, 8, free));
  goal.ttft_s_max = 5;
  ASSERT_TRUE(*SimulateLoop(time, goal, 8, loose));
  goal.ttft_s_max = 0.3;
  ASSERT_TRUE(*SimulateLoop(time, goal, 8, tight));
  EXPECT_LT(tight.requests_day, loose.requests_day);
  EXPECT_LT(loose.requests_day, 1.2 * free.requests_day);
  EXPECT_TRUE(tight.slo_met);
  goal.ttft_s_max = 0.05;   // less than a prompt takes alone
  ASSERT_TRUE(*SimulateLoop(time, goal, 8, never));
  EXPECT_FALSE(never.slo_met);
  EXPECT_EQ(never.requests_day, 0);
}

TEST(ServeLoop, ALoadBelowTheCapacityIsAnswered) {
  const sim::StepTime time = Line(0.01, 0.001, 0.0001);
  planner::ServeGoal goal = Goal(100, 50);
  goal.load_rps = 1;
  planner::ServePrediction out;
  ASSERT_TRUE(*SimulateLoop(time, goal, 8, out));
  EXPECT_DOUBLE_EQ(out.tokens_s, 50);
  EXPECT_LT(out.utilisation, 1);
  EXPECT_TRUE(out.slo_met);
  goal.load_rps = 1000;
  ASSERT_TRUE(*SimulateLoop(time, goal, 8, out));
  EXPECT_GT(out.utilisation, 1);
  EXPECT_FALSE(out.slo_met);
}

TEST(ServeLoop, WhatIsTooLargeIsLeftToTheClosedForm) {
  planner::ServePrediction out;
  EXPECT_FALSE(*SimulateLoop(Line(1, 1, 1), Goal(100, 10), kLoopClientsMax + 1, out));
  EXPECT_FALSE(*SimulateLoop(Line(1, 1, 1), Goal(1 << 30, 1 << 30), 1, out));
}

}  // namespace
}  // namespace pano::plan
