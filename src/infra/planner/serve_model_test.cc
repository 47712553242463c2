#include "infra/planner/serve_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "infra/planner/testing/gpt_workload.h"

namespace pano::planner {
namespace {

using testing::Gpt;

cluster::Cluster Cards(std::string_view text) {
  return cluster::Catalogue::BuiltIn()->ParseHardware(text).value();
}

ServeGoal Goal(int64_t context, int64_t concurrency) {
  ServeGoal goal;
  goal.context = context;
  goal.concurrency = concurrency;
  goal.weights = {"f16", 1, 2};
  goal.kv = {"f16", 1, 2};
  goal.prompt_tokens = goal.max_tokens = context / 2;
  return goal;
}

TEST(ServeModel, TheGuidesModelNeedsSixCardsAndNotEight) {
  // 175 billion parameters in 16 bits are 350 GB; the guide adds 20 %: 420 GB = 391.155 GiB, 5.25 cards of 80 GB.
  const WorkloadSpec gpt3 = Gpt(96, 12288, 96, 50257);
  EXPECT_EQ(gpt3.parameters(), 174604259328 + 0);
  for (const auto& [cards, fits] : {std::pair{"4xA100-80G", false}, {"6xA100-80G", true}, {"8xA100-80G", true}}) {
    const auto plan = SearchServing(gpt3, Cards(cards), Goal(2048, 4));
    ASSERT_TRUE(plan.ok()) << plan.error().ToString();
    EXPECT_EQ(plan->prediction.memory.fits(), fits) << cards;
  }
}

TEST(ServeModel, WindowsKeepWholeBlocksAndOneMore) {
  EXPECT_EQ(KeptTokens({.window = 0}, 33), 64);
  EXPECT_EQ(KeptTokens({.window = 128}, 4096), 160);
  EXPECT_EQ(KeptTokens({.window = 128}, 64), 64);
  EXPECT_EQ(KeptTokens({.window = 2047}, 4096), 2048 + 32);
  EXPECT_EQ(KvTokenBytes({.kv_heads = 8, .key_dim = 128, .value_dim = 128}, {"int8", 1, 1}, 4), 2048 + 64);
  EXPECT_EQ(KvTokenBytes({.kv_heads = 1, .key_dim = 576}, {"f16", 1, 2}, 0), 1152);
}

TEST(ServeModel, RanksDivideWeightsAndHeads) {
  const WorkloadSpec spec = Gpt(8, 1024, 8);
  const ServeGoal goal = Goal(1024, 2);
  const Memory one = ServeMemory(spec, goal, 1, 1, 2).value();
  const Memory four = ServeMemory(spec, goal, 4, 1, 2).value();
  EXPECT_EQ(one.weights, 2 * spec.parameters());
  EXPECT_EQ(four.kv * 4, one.kv);
  EXPECT_GT(four.weights * 4, one.weights);           // norms and positions stand on every rank
  EXPECT_LT(four.weights * 4, one.weights * 11 / 10);
  const Memory stages = ServeMemory(spec, goal, 1, 2, 2).value();
  EXPECT_LT(stages.weights, one.weights);
  EXPECT_THAT(ServeMemory(spec, goal, 3, 1, 2).error().message(), ::testing::HasSubstr("does not divide 8 heads"));
  EXPECT_FALSE(ServeMemory(spec, goal, 1, 9, 2).ok());
}

TEST(ServeModel, MoreClientsGetMoreTokensAndWaitLonger) {
  const WorkloadSpec spec = Gpt(32, 4096, 32);
  double tokens = 0, itl = 0;
  for (int64_t clients : {1, 4, 16}) {
    const auto plan = SearchServing(spec, Cards("1xA100-80G"), Goal(1024, clients));
    ASSERT_TRUE(plan.ok());
    EXPECT_GT(plan->prediction.tokens_s, tokens);
    EXPECT_GT(plan->prediction.itl_s, itl);
    EXPECT_EQ(plan->prediction.bound, "memory");
    tokens = plan->prediction.tokens_s;
    itl = plan->prediction.itl_s;
  }
  // 13.5 GB at 2039 * 0.8 GB/s: 8 ms a token at the least.
  EXPECT_NEAR(SearchServing(spec, Cards("1xA100-80G"), Goal(64, 1))->prediction.itl_s, 0.0082, 0.0006);
}

TEST(ServeModel, ServiceLevelsAndLoadBoundRequests) {
  const WorkloadSpec spec = Gpt(32, 4096, 32);
  ServeGoal goal = Goal(1024, 32);
  const auto open = SearchServing(spec, Cards("1xA100-80G"), goal);
  goal.itl_s_max = 0.013;
  const auto tight = SearchServing(spec, Cards("1xA100-80G"), goal);
  ASSERT_TRUE(tight.ok());
  EXPECT_LT(tight->prediction.concurrency_at_slo, 32);
  EXPECT_GT(tight->prediction.concurrency_at_slo, 0);
  EXPECT_LT(tight->prediction.requests_day, open->prediction.requests_day);
  goal.itl_s_max = 1e-6;
  EXPECT_FALSE(SearchServing(spec, Cards("1xA100-80G"), goal)->prediction.slo_met);
  goal.itl_s_max = 0;
  goal.load_rps = open->prediction.requests_day / 86400 / 2;
  const auto half = SearchServing(spec, Cards("1xA100-80G"), goal);
  EXPECT_NEAR(half->prediction.utilisation, 0.5, 1e-9);
  EXPECT_LT(half->prediction.itl_s, open->prediction.itl_s);
  goal.load_rps *= 4;
  EXPECT_FALSE(SearchServing(spec, Cards("1xA100-80G"), goal)->prediction.slo_met);
}

}  // namespace
}  // namespace pano::planner
