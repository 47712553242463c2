#include "model/serving/continuous_batch_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace pano::serving {
namespace {

struct Case {
  const char* what;
  int64_t decoding_rows;
  int64_t prefill_rows;
  size_t waiting;
  StepCapacity capacity;
  int64_t tokens;
};

TEST(ContinuousBatchPolicy, TokensBesideDecodes) {
  const ContinuousBatchPolicy policy({.tokens_max = 512, .prefill_beside_decodes = 32});
  const Case cases[] = {
      {"prompts alone have the whole budget", 0, 1, 0, {64, 512}, 512},
      {"beside one stream", 1, 1, 0, {64, 511}, 32},
      {"one that waits, too", 1, 0, 1, {64, 511}, 32},
      {"beside forty streams half as many again", 40, 1, 0, {64, 472}, 60},
      {"twice as many prompts as streams", 2, 1, 9, {61, 510}, 64},
      {"of those that wait only as many as may join", 2, 1, 9, {2, 510}, 32},
      {"streams fill the step", 512, 3, 0, {0, 0}, 0},
      {"memory allows less", 1, 1, 0, {64, 20}, 20},
  };
  for (const Case& c : cases) {
    std::vector<WaitingItem> waiting(c.waiting, {.tokens = 128});
    const BatchDecision decision = policy.Decide({.waiting = waiting,
                                                  .decoding_rows = c.decoding_rows,
                                                  .prefill_rows = c.prefill_rows,
                                                  .divisible = true,
                                                  .capacity = c.capacity});
    EXPECT_EQ(decision.tokens, c.tokens) << c.what;
    EXPECT_EQ(decision.take, c.waiting) << c.what;  // who of them begins is a matter of memory
    EXPECT_EQ(decision.wait, Duration::zero()) << c.what;
  }
}

TEST(ContinuousBatchPolicy, WithoutTheLimitDecodesLeaveTheRest) {
  const ContinuousBatchPolicy policy({.tokens_max = 100});
  EXPECT_EQ(policy.Decide({.decoding_rows = 30, .prefill_rows = 1, .divisible = true}).tokens, 70);
}

TEST(ContinuousBatchPolicy, WhatCannotBeDividedIsTakenWhileItFits) {
  const ContinuousBatchPolicy policy({.tokens_max = 100, .prefill_beside_decodes = 32});
  std::vector<WaitingItem> waiting(5, {.tokens = 30});
  EXPECT_EQ(policy.Decide({.waiting = waiting}), (BatchDecision{.take = 3}));
  EXPECT_EQ(policy.Decide({.waiting = waiting, .capacity = {.tokens = 10}}).take, 1u);
  EXPECT_EQ(policy.Decide({.waiting = waiting, .capacity = {.rows = 2}}).take, 2u);
}

}  // namespace
}  // namespace pano::serving
