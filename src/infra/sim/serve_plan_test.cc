#include "infra/sim/serve_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pano::sim {
namespace {

using testing::HasSubstr;

TEST(ServePlanTest, ReadsALineAndARoofline) {
  const auto line = ParseServePlan("replicas: 4\nmax_sequences: 1\nstep_tokens: 1000000000\n"
                                   "iteration: {base_s: 0.5, prefill_s_per_token: 5e-05, decode_s_per_sequence: 0.002}\n");
  ASSERT_TRUE(line.ok()) << line.error().message();
  EXPECT_EQ(line->replicas, 4);
  EXPECT_DOUBLE_EQ(line->time.Of({.prefill_tokens = 1000, .decode_rows = 2}), 0.5 + 0.05 + 0.004);
  const auto roof = ParseServePlan("kv_tokens: 1000\nroofline: {weight_bytes: 8e9, flops_per_token: 16e9, flops_per_pair: 1e6, kv_bytes_per_token: 1e5, "
                                   "flops_s: 1e12, bytes_s: 1e11, step_s: 0.001, sample_s: 0.5}\nclients: 3\nclient_s: 0.25\n");
  ASSERT_TRUE(roof.ok()) << roof.error().message();
  EXPECT_EQ(roof->clients, 3);
  EXPECT_DOUBLE_EQ(roof->client_s, 0.25);
  EXPECT_DOUBLE_EQ(roof->time.Of({.decode_rows = 1, .sampled_rows = 2}), 0.001 + 0.08 + 1);
  // One row waits for the weights; a hundred compute.
  EXPECT_DOUBLE_EQ(roof->time.Of({.decode_rows = 1}), 0.001 + 0.08);
  EXPECT_DOUBLE_EQ(roof->time.Of({.prefill_tokens = 100}), 0.001 + 1.6);
  EXPECT_DOUBLE_EQ(roof->time.Of({.decode_rows = 1, .kv_tokens = 1e6}), 0.001 + 0.08 + 1);
}

TEST(ServePlanTest, ProductsHaveARateByTheirRows) {
  const auto plan = ParseServePlan("roofline: {weight_bytes: 0, flops_per_token: 100, flops_per_sample: 10, flops_per_pair: 0, kv_bytes_per_token: 0, "
                                   "flops_s_by_rows: [[2, 50], [4, 80], [8, 160]], bytes_s: 1}\n");
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  const StepTime& time = plan->time;
  EXPECT_DOUBLE_EQ(time.Of({.decode_rows = 2}), 100 * 2 / 50.0);
  EXPECT_DOUBLE_EQ(time.Of({.decode_rows = 1}), 100 * 2 / 50.0);   // no faster than the first that was measured
  EXPECT_DOUBLE_EQ(time.Of({.prefill_tokens = 3}), 100 * (2 / 50.0 + 4 / 80.0) / 2);
  EXPECT_DOUBLE_EQ(time.Of({.prefill_tokens = 800}), 100 * 800 / 160.0);
  EXPECT_DOUBLE_EQ(time.Of({.prefill_tokens = 4, .sampled_rows = 8}), 100 * 4 / 80.0 + 10 * 8 / 160.0);
}

TEST(ServePlanTest, AttentionOfDecodingRowsHasARateOfItsOwn) {
  const std::string head = "roofline: {weight_bytes: 0, flops_per_token: 1, flops_per_pair: 6, kv_bytes_per_token: 10, flops_s_by_rows: [[1, 1e30]], "
                           "bytes_s: 5, attention_flops_s: 3, sequence_s: 0.5";
  const StepWork mixed{.prefill_tokens = 4, .decode_rows = 2, .sequences = 3, .pairs = 30, .decode_pairs = 20, .kv_tokens = 7};
  const auto own = ParseServePlan(head + ", decode_attention_flops_s: 60}\n");
  ASSERT_TRUE(own.ok()) << own.error().message();
  EXPECT_DOUBLE_EQ(own->time.Of(mixed), 10 * 6 / 3.0 + 20 * 6 / 60.0 + 7 * 10 / 5.0 + 3 * 0.5);
  const auto same = ParseServePlan(head + "}\n");
  ASSERT_TRUE(same.ok()) << same.error().message();
  EXPECT_DOUBLE_EQ(same->time.Of(mixed), 30 * 6 / 3.0 + 7 * 10 / 5.0 + 3 * 0.5);
}

TEST(ServePlanTest, TenantsHaveWeights) {
  const std::string time = "iteration: {base_s: 1, prefill_s_per_token: 0, decode_s_per_sequence: 0}\n";
  const auto plan = ParseServePlan("tenants: {heavy: 3, light: 0.5}\n" + time);
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_EQ(plan->tenants, (std::map<std::string, double>{{"heavy", 3}, {"light", 0.5}}));
  for (const char* bad : {"tenants: 3\n", "tenants: [a]\n", "tenants: {a: 0}\n", "tenants: {a: -1}\n", "tenants: {a: x}\n", "tenants: {a: 1, a: 2}\n"}) {
    EXPECT_FALSE(ParseServePlan(bad + time).ok()) << bad;
  }
}

TEST(ServePlanTest, ReplicasMayBeSlowAndGoDown) {
  const std::string time = "iteration: {base_s: 1, prefill_s_per_token: 0, decode_s_per_sequence: 0}\nreplicas: 2\n";
  const auto plan = ParseServePlan("slow: [{replica: 1, factor: 1.5}]\nfaults: [{replica: 0, at_s: 2, seconds: 3}, {replica: 0, at_s: 9}]\n" + time);
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_EQ(plan->slow, (std::map<int64_t, double>{{1, 1.5}}));
  ASSERT_EQ(plan->faults.size(), 2u);
  EXPECT_EQ(plan->faults[0].seconds, 3);
  EXPECT_EQ(plan->faults[1].seconds, kNever);
  const struct {
    const char* text;
    const char* why;
  } kBad[] = {{"slow: {replica: 1}\n", "no list"},
              {"slow: [{replica: 2, factor: 2}]\n", "slow[0].replica"},
              {"slow: [{replica: 1, factor: 0}]\n", "slow[0].factor"},
              {"slow: [{replica: 1, factor: 2}, {replica: 1, factor: 3}]\n", "again"},
              {"slow: [7]\n", "slow[0]"},
              {"faults: [{replica: 0}]\n", "at_s"},
              {"faults: [{replica: 0, at_s: -1}]\n", "at_s"},
              {"faults: [{replica: 0, at_s: 1, second: 2}]\n", "second"},
              {"faults: [{replica: 0, at_s: 3}, {replica: 0, at_s: 1, seconds: 2}]\n", "overlap"}};
  for (const auto& bad : kBad) {
    const auto wrong = ParseServePlan(bad.text + time);
    ASSERT_FALSE(wrong.ok()) << bad.text;
    EXPECT_THAT(wrong.error().message(), HasSubstr(bad.why)) << bad.text;
  }
}

TEST(ServePlanTest, WhatIsWrittenIsReadAgain) {
  ServePlan plan;
  plan.max_sequences = 5;
  plan.clients = 3;
  plan.client_s = 0.001;
  plan.tenants = {{"a", 2}};
  plan.time.roofline = true;
  RooflineTime& roof = plan.time.roof;
  roof.flops_per_token = roof.flops_per_pair = roof.kv_bytes_per_token = 1;
  roof.flops_per_sample = 0.3;
  roof.flops_s_by_rows = {{1, 123.456}, {28, 4567.8}};
  roof.flops_s = 4567.8;
  roof.bytes_s = 1e9 / 3;
  roof.attention_flops_s = roof.decode_attention_flops_s = 1e30;
  roof.step_s = 5e-5;
  roof.sample_s = 1e-5;
  const auto read = ParseServePlan(json::Dump(ServePlanJson(plan)));
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->clients, 3);
  EXPECT_EQ(read->tenants, plan.tenants);
  const StepWork work{.prefill_tokens = 12, .decode_rows = 4, .sampled_rows = 5, .sequences = 5, .pairs = 300, .decode_pairs = 200, .kv_tokens = 250};
  EXPECT_DOUBLE_EQ(read->time.Of(work), plan.time.Of(work));
  plan.time = {};
  plan.time.line = {0.5, 0.25, 0.125};
  const auto line = ParseServePlan(json::Dump(ServePlanJson(plan)));
  ASSERT_TRUE(line.ok()) << line.error().message();
  EXPECT_DOUBLE_EQ(line->time.Of(work), plan.time.Of(work));
}

TEST(ServePlanTest, RefusesWhatIsNoPlan) {
  const struct {
    const char* text;
    const char* why;
  } kBad[] = {
      {"", "expected a mapping"},
      {"replicas: 1\n", "either iteration or roofline"},
      {"replicas: 0\niteration: {base_s: 1, prefill_s_per_token: 0, decode_s_per_sequence: 0}\n", "replicas"},
      {"replicas: 1000000000\niteration: {base_s: 1, prefill_s_per_token: 0, decode_s_per_sequence: 0}\n", "replicas"},
      {"replica: 1\n", "replica"},
      {"iteration: {base_s: 1}\n", "lacks prefill_s_per_token"},
      {"iteration: {base_s: -1, prefill_s_per_token: 1, decode_s_per_sequence: 1}\n", "base_s"},
      {"iteration: {base_s: .nan, prefill_s_per_token: 1, decode_s_per_sequence: 1}\n", "base_s"},
      {"iteration: {base_s: 0, prefill_s_per_token: 1, decode_s_per_sequence: 0}\n", "no time"},
      {"iteration: {base_s: 0, prefill: 1}\n", "prefill"},
      {"iteration: 3\n", "iteration"},
      {"roofline: {weight_bytes: 1, flops_per_token: 1, flops_per_pair: 1, kv_bytes_per_token: 1, flops_s: 0, bytes_s: 1}\n", "does nothing"},
      {"roofline: {weight_bytes: 1, flops_per_token: 1, flops_per_pair: 1, kv_bytes_per_token: 1, bytes_s: 1}\n", "either flops_s or"},
      {"roofline: {weight_bytes: 1, flops_per_token: 1, flops_per_pair: 1, kv_bytes_per_token: 1, bytes_s: 1, flops_s: 1, flops_s_by_rows: [[1, 1]]}\n", "either flops_s or"},
      {"roofline: {weight_bytes: 1, flops_per_token: 1, flops_per_pair: 1, kv_bytes_per_token: 1, bytes_s: 1, flops_s_by_rows: 1}\n", "no list"},
      {"roofline: {weight_bytes: 1, flops_per_token: 1, flops_per_pair: 1, kv_bytes_per_token: 1, bytes_s: 1, flops_s_by_rows: []}\n", "no list"},
      {"roofline: {weight_bytes: 1, flops_per_token: 1, flops_per_pair: 1, kv_bytes_per_token: 1, bytes_s: 1, flops_s_by_rows: [[1, 2, 3]]}\n", "no pair"},
      {"roofline: {weight_bytes: 1, flops_per_token: 1, flops_per_pair: 1, kv_bytes_per_token: 1, bytes_s: 1, flops_s_by_rows: [[1, .inf]]}\n", "flops_s_by_rows"},
      {"roofline: {weight_bytes: 1, flops_per_token: 1, flops_per_pair: 1, kv_bytes_per_token: 1, bytes_s: 1, flops_s_by_rows: [[2, 1], [2, 1]]}\n", "do not rise"},
      {"a: [", ""},
  };
  for (const auto& bad : kBad) {
    const auto plan = ParseServePlan(bad.text);
    ASSERT_FALSE(plan.ok()) << bad.text;
    EXPECT_THAT(plan.error().message(), HasSubstr(bad.why)) << bad.text;
  }
}

}  // namespace
}  // namespace pano::sim
