#include "model/batch/dynamic_batch_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace pano::batch {
namespace {

using serving::BatchDecision;
using serving::WaitingItem;
using std::chrono::milliseconds;

TimePoint At(int ms) { return TimePoint(milliseconds(ms)); }

BatchDecision Decide(const Batching& batching, const std::vector<WaitingItem>& waiting, int now_ms,
                     bool draining = false) {
  return DynamicBatchPolicy(batching).Decide({.waiting = waiting, .now = At(now_ms), .draining = draining});
}

std::vector<WaitingItem> Rows(size_t count, int arrived_ms = 0, int64_t tokens = 10) {
  return std::vector<WaitingItem>(count, {.rows = 1, .tokens = tokens, .arrived = At(arrived_ms)});
}

TEST(DynamicBatchPolicy, SynchronousModeNeverWaits) {
  const Batching sync{.max_batch_size = 4, .max_queue_delay = Duration::zero()};
  for (size_t count : {1, 2, 3, 4, 9}) {
    const BatchDecision decision = Decide(sync, Rows(count), 0);
    EXPECT_EQ(decision.take, std::min<size_t>(count, 4));
    EXPECT_EQ(decision.wait, Duration::zero());
  }
}

TEST(DynamicBatchPolicy, WaitsForCompanyUntilTheOldestHasWaited) {
  const Batching batching{.max_batch_size = 4, .max_queue_delay = milliseconds(5)};
  EXPECT_EQ(Decide(batching, Rows(2, 10), 12), (BatchDecision{.wait = milliseconds(3)}));
  EXPECT_EQ(Decide(batching, Rows(2, 10), 15).take, 2u);
  EXPECT_EQ(Decide(batching, Rows(4, 10), 10).take, 4u);
  EXPECT_EQ(Decide(batching, Rows(7, 10), 10).take, 4u);
  EXPECT_EQ(Decide(batching, Rows(2, 10), 10, /*draining=*/true).take, 2u);
  EXPECT_EQ(Decide(batching, {}, 10), BatchDecision{});
}

// Behind a queue that does not go by arrival the oldest need not be the first.
TEST(DynamicBatchPolicy, TheOldestCountsWhereverItStands) {
  const Batching batching{.max_batch_size = 4, .max_queue_delay = milliseconds(5)};
  std::vector<WaitingItem> waiting = Rows(1, 10);
  waiting.push_back(Rows(1, 5)[0]);
  EXPECT_EQ(Decide(batching, waiting, 10).take, 2u);
}

TEST(DynamicBatchPolicy, APreferredSizeIsTakenAtOnce) {
  const Batching batching{.max_batch_size = 16, .max_queue_delay = milliseconds(5), .preferred_batch_size = {4, 8}};
  EXPECT_EQ(Decide(batching, Rows(3), 0).take, 0u);
  EXPECT_EQ(Decide(batching, Rows(4), 0).take, 4u);
  EXPECT_EQ(Decide(batching, Rows(7), 0).take, 4u);
  EXPECT_EQ(Decide(batching, Rows(9), 0).take, 8u);
  EXPECT_EQ(Decide(batching, Rows(7), 5).take, 7u);  // who has waited takes along what there is
  std::vector<WaitingItem> pairs(5, {.rows = 2});
  EXPECT_EQ(Decide(batching, pairs, 0).take, 4u);  // 8 rows
}

TEST(DynamicBatchPolicy, TokensBoundABatch) {
  const Batching batching{.max_batch_size = 16, .tokens_max = 100, .max_queue_delay = milliseconds(5)};
  EXPECT_EQ(Decide(batching, Rows(6, 0, 30), 0).take, 3u);
  EXPECT_EQ(Decide(batching, Rows(1, 0, 500), 0).take, 1u);
}

TEST(DynamicBatchPolicy, ChangesWhileRequestsWait) {
  DynamicBatchPolicy policy(Batching{.max_queue_delay = milliseconds(50)});
  const std::vector<WaitingItem> one = Rows(1);
  EXPECT_EQ(policy.Decide({.waiting = one, .now = At(1)}).take, 0u);
  policy.Set(Batching{.max_queue_delay = Duration::zero()});
  EXPECT_EQ(policy.Decide({.waiting = one, .now = At(1)}).take, 1u);
}

}  // namespace
}  // namespace pano::batch
