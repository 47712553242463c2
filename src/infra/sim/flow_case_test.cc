#include "infra/sim/flow_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace pano::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(FlowCaseTest, TwoBottlenecks) {
  const auto cases = ParseFlowCases(R"({"links": {"a": 10, "b": 4}, "flows": [
    {"id": "1", "path": ["a", "b"], "bytes": 1000000000}, {"id": "2", "path": ["b"], "bytes": 1000000000},
    {"id": "3", "path": ["a"], "bytes": 1000000000}]})");
  ASSERT_TRUE(cases.ok()) << cases.error().message();
  const auto run = RunFlowCase(cases->front());
  ASSERT_TRUE(run.ok());
  EXPECT_DOUBLE_EQ(*run->flows[0].rate_at_0, 2e9);
  EXPECT_DOUBLE_EQ(*run->flows[2].rate_at_0, 8e9);
  EXPECT_DOUBLE_EQ(run->flows[2].finish_s, 0.125);
  EXPECT_DOUBLE_EQ(run->flows[0].finish_s, 0.5);
  EXPECT_THAT(run->order, ElementsAre("start 1", "start 2", "start 3", "end 3", "end 1", "end 2"));
}

TEST(FlowCaseTest, EndsComeBeforeStartsAtOneTime) {
  const auto cases = ParseFlowCases(R"({"links": {"a": 5}, "flows": [
    {"id": "1", "path": ["a"], "bytes": 5e9, "start_s": 0}, {"id": "2", "path": ["a"], "bytes": 5e9, "start_s": 1}]})");
  ASSERT_TRUE(cases.ok());
  const auto run = RunFlowCase(cases->front());
  ASSERT_TRUE(run.ok());
  EXPECT_DOUBLE_EQ(run->flows[0].finish_s, 1);
  EXPECT_DOUBLE_EQ(run->flows[1].finish_s, 2);
  EXPECT_FALSE(run->flows[1].rate_at_0);
  EXPECT_THAT(run->order, ElementsAre("start 1", "end 1", "start 2", "end 2"));
}

TEST(FlowCaseTest, RefusesWhatIsNoCaseAndSaysWhy) {
  const struct {
    const char* text;
    const char* why;
  } kBad[] = {
      {"", ""},
      {"[]", "not an object"},
      {R"({"cases": 3})", "cases is a integer"},
      {R"({"links": {"a": 0}, "flows": []})", "capacity of link 'a' is 0"},
      {R"({"links": {"a": -1}, "flows": []})", "not between"},
      {R"({"links": {"a": "fast"}, "flows": []})", "not a number"},
      {R"({"links": {"a": 1, "a": 2}, "flows": []})", "stands twice"},
      {R"({"links": {"a": 1}})", "flows is no list"},
      {R"({"links": {"a": 1}, "flows": [{"path": ["a"], "bytes": 1}]})", "flow 0: id is missing"},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": [], "bytes": 1}]})", "path is no list"},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": ["b"], "bytes": 1}]})", "links does not have"},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": ["a", "a"], "bytes": 1}]})", "twice"},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": ["a"], "bytes": -1}]})", "bytes is -1"},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": ["a"]}]})", "bytes is missing"},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": ["a"], "bytes": 1e300}]})", "bytes is 1e+300"},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": ["a"], "bytes": 1, "start_s": -3}]})", "start_s"},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": ["a"], "bytes": 1, "cap_gb_s": 0}]})", "cap_gb_s"},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": ["a"], "bytes": 1}, {"id": "x", "path": ["a"], "bytes": 1}]})", "twice"},
      {R"({"cases": [{"links": {"a": 1}, "flows": []}, {"links": {}}]})", "case 1: "},
      {R"({"links": {"a": 1}, "flows": [{"id": "x", "path": ["a"], "bytes": NaN}]})", ""},
  };
  for (const auto& bad : kBad) {
    const auto cases = ParseFlowCases(bad.text);
    ASSERT_FALSE(cases.ok()) << bad.text;
    EXPECT_THAT(cases.error().message(), HasSubstr(bad.why)) << bad.text;
  }
}

// 3,000 flows of different sizes over one link: each end gives all that are left a new rate.
TEST(FlowCaseTest, ManyFlowsOverOneLinkEndInTurn) {
  FlowCase flow_case;
  flow_case.links.push_back({"a", 1e9});
  for (int i = 0; i < 3000; ++i) flow_case.flows.push_back({std::to_string(i), {0}, 1e6 * (i + 1), 0, kNoCap});
  const auto run = RunFlowCase(flow_case);
  ASSERT_TRUE(run.ok());
  EXPECT_NEAR(run->flows.back().finish_s, 1e6 * 3000 * 3001 / 2 / 1e9, 1e-6);
  EXPECT_NEAR(run->flows.front().finish_s, 3000 * 1e6 / 1e9, 1e-9);
}

}  // namespace
}  // namespace pano::sim
