#include "model/serving/fixed_batch_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace pano::serving {
namespace {

using std::chrono::milliseconds;

struct Case {
  const char* what;
  std::vector<WaitingItem> waiting;  // `arrived` counts from 0
  int64_t tokens_max;
  milliseconds now;
  bool draining;
  size_t take;
  milliseconds wait;
};

WaitingItem Item(int64_t tokens, int arrived_ms = 0, int64_t rows = 1) {
  return {rows, tokens, TimePoint(milliseconds(arrived_ms))};
}

TEST(FixedBatchPolicy, Table) {
  const FixedBatchPolicy policy({.rows_max = 4, .tokens_max = 100, .delay = milliseconds(2)});
  const Case cases[] = {
      {"one waits for company", {Item(10)}, 0, milliseconds(0), false, 0, milliseconds(2)},
      {"what is left of the delay",
       {Item(10), Item(10, 1)},
       0,
       milliseconds(1),
       false,
       0,
       milliseconds(1)},
      {"long enough", {Item(10), Item(10, 1)}, 0, milliseconds(2), false, 2, milliseconds(0)},
      {"late: no negative wait", {Item(10)}, 0, milliseconds(9), false, 1, milliseconds(0)},
      {"full by rows",
       {Item(1), Item(1), Item(1), Item(1)},
       0,
       milliseconds(0),
       false,
       4,
       milliseconds(0)},
      {"more than a batch",
       {Item(1), Item(1), Item(1), Item(1), Item(1)},
       0,
       milliseconds(0),
       false,
       4,
       milliseconds(0)},
      {"full by tokens", {Item(60), Item(40)}, 0, milliseconds(0), false, 2, milliseconds(0)},
      {"the next does not fit",
       {Item(60), Item(41)},
       0,
       milliseconds(0),
       false,
       1,
       milliseconds(0)},
      {"a large one goes alone",
       {Item(500), Item(1)},
       0,
       milliseconds(0),
       false,
       1,
       milliseconds(0)},
      {"many rows that go together",
       {Item(1, 0, 9), Item(1)},
       0,
       milliseconds(0),
       false,
       1,
       milliseconds(0)},
      {"memory allows less", {Item(10), Item(10)}, 15, milliseconds(0), false, 1, milliseconds(0)},
      {"memory allows more",
       {Item(60), Item(41)},
       1000,
       milliseconds(0),
       false,
       1,
       milliseconds(0)},
      {"nothing more will come", {Item(1)}, 0, milliseconds(0), true, 1, milliseconds(0)},
  };
  for (const Case& c : cases) {
    BatchSnapshot snapshot{.waiting = c.waiting, .now = TimePoint(c.now), .draining = c.draining};
    if (c.tokens_max > 0) snapshot.capacity.tokens = c.tokens_max;
    BatchDecision decision = policy.Decide(snapshot);
    EXPECT_EQ(decision.take, c.take) << c.what;
    EXPECT_EQ(decision.wait, c.wait) << c.what;
  }
}

TEST(FixedBatchPolicy, WithoutDelayNobodyWaits) {
  const FixedBatchPolicy policy({.rows_max = 4, .tokens_max = 100, .delay = Duration::zero()});
  std::vector<WaitingItem> waiting = {Item(1)};
  EXPECT_EQ(policy.Decide({.waiting = waiting}).take, 1u);
}

// Sequences: those that run count, and their prompts' tokens are handed out whoever else waits.
TEST(FixedBatchPolicy, WhatRunsTakesPlaces) {
  const FixedBatchPolicy policy({.rows_max = 4, .tokens_max = 100, .delay = milliseconds(2)});
  std::vector<WaitingItem> waiting = {Item(10), Item(10), Item(10)};
  BatchSnapshot snapshot{.waiting = waiting, .decoding_rows = 1, .prefill_rows = 1};
  snapshot.divisible = true;
  EXPECT_EQ(policy.Decide(snapshot), (BatchDecision{.take = 2, .tokens = 100}));
  snapshot.decoding_rows = 3;
  EXPECT_EQ(policy.Decide(snapshot), (BatchDecision{.take = 0, .tokens = 100}));
  snapshot.waiting = {};
  EXPECT_EQ(policy.Decide(snapshot), (BatchDecision{.take = 0, .tokens = 100}));
  snapshot.waiting = std::span(waiting).first(1);
  snapshot.decoding_rows = 0;
  EXPECT_EQ(policy.Decide(snapshot),
            (BatchDecision{.take = 0, .tokens = 100, .wait = milliseconds(2)}));
}

}  // namespace
}  // namespace pano::serving
