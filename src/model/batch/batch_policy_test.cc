#include "model/batch/batch_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace pano::batch {
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
    BatchDecision decision = policy.Decide({c.waiting, c.tokens_max, TimePoint(c.now), c.draining});
    EXPECT_EQ(decision.take, c.take) << c.what;
    EXPECT_EQ(decision.wait, c.wait) << c.what;
  }
}

TEST(FixedBatchPolicy, WithoutDelayNobodyWaits) {
  const FixedBatchPolicy policy({.rows_max = 4, .tokens_max = 100, .delay = Duration::zero()});
  std::vector<WaitingItem> waiting = {Item(1)};
  EXPECT_EQ(policy.Decide({waiting, 0, TimePoint(), false}).take, 1u);
}

}  // namespace
}  // namespace pano::batch
