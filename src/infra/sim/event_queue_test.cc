#include "infra/sim/event_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"

namespace pano::sim {
namespace {

TEST(EventQueueTest, ComesOutByTimeAndThenAsItCame) {
  EventQueue<std::string> queue;
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.next_time(), kNever);
  queue.Push(2, "c");
  queue.Push(1, "a");
  queue.Push(2, "d");
  queue.Push(1, "b");
  queue.Push(-0.0, "zero");
  std::string all;
  for (Time last = 0; !queue.empty();) {
    EXPECT_GE(queue.next_time(), last);
    auto event = queue.Pop();
    last = event.time;
    all += event.payload;
  }
  EXPECT_EQ(all, "zeroabcd");
}

TEST(EventQueueTest, CancelTakesOneBack) {
  EventQueue<int> queue;
  const auto first = queue.Push(1, 1);
  const auto second = queue.Push(2, 2);
  queue.Push(3, 3);
  queue.Cancel(first);
  queue.Cancel(first);
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_EQ(queue.next_time(), 2);
  EXPECT_EQ(queue.Pop().payload, 2);
  queue.Cancel(second);  // it came out
  queue.Cancel(0);
  const auto again = queue.Push(2.5, 4);  // in a slot that was used before
  EXPECT_NE(again, first);
  EXPECT_EQ(queue.Pop().payload, 4);
  EXPECT_EQ(queue.Pop().payload, 3);
  EXPECT_TRUE(queue.empty());
}

// A multimap by (time, number) does the same, slowly.
TEST(EventQueueTest, AgreesWithASortedMapOverRandomCalls) {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    EventQueue<int> queue;
    std::map<std::pair<Time, int>, EventQueue<int>::Handle> sorted;
    Time now = 0;
    for (int i = 0; i < 3000; ++i) {
      const uint64_t what = random.Below(10);
      if (what < 5 || sorted.empty()) {
        const Time at = now + static_cast<double>(random.Below(8)) / 4;  // many at one time
        sorted[{at, i}] = queue.Push(at, i);
      } else if (what < 8) {
        auto event = queue.Pop();
        ASSERT_EQ(event.time, sorted.begin()->first.first);
        ASSERT_EQ(event.payload, sorted.begin()->first.second);
        now = event.time;
        sorted.erase(sorted.begin());
      } else {
        auto it = sorted.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(random.Below(sorted.size())));
        queue.Cancel(it->second);
        sorted.erase(it);
      }
      ASSERT_EQ(queue.size(), sorted.size());
      ASSERT_EQ(queue.empty(), sorted.empty());
    }
  }
}

TEST(EventQueueTest, CancelledEventsDoNotPileUp) {
  EventQueue<int> queue;
  queue.Push(0, 0);
  for (int i = 1; i < 100'000; ++i) queue.Cancel(queue.Push(1 + i, i));
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.Pop().payload, 0);
}

}  // namespace
}  // namespace pano::sim
