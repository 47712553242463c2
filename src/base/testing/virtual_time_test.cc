#include "base/testing/virtual_time.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "base/mutex.h"

namespace pano {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

TEST(VirtualTimeTest, SleepersTakeTurnsByTheirDeadlines) {
  ManualClock clock;
  Mutex mu;
  std::vector<int> order;
  auto sleeper = [&](int id, Duration first, Duration then) {
    return [&, id, first, then] {
      for (Duration sleep : {first, then}) {
        clock.SleepFor(sleep);
        MutexLock lock(mu);
        order.push_back(id);
      }
    };
  };
  RunInVirtualTime(clock, {sleeper(1, hours(1), hours(3)), sleeper(2, hours(2), hours(1))});
  EXPECT_THAT(order, ElementsAre(1, 2, 2, 1));
  EXPECT_EQ(clock.Now(), TimePoint{} + hours(4));
  RunInVirtualTime(clock, {});
}

// A notification through the clock is never overtaken by time: the consumer sees each item when it
// was put, and not when the next timer rang.
TEST(VirtualTimeTest, WhoeverIsNotifiedRunsBeforeTimeMoves) {
  for (int run = 0; run < 50; ++run) {
    ManualClock clock;
    Mutex mu;
    CondVar changed;
    std::deque<TimePoint> items;
    std::vector<Duration> waits;
    RunInVirtualTime(clock, {[&] {
                               for (int i = 0; i < 20; ++i) {
                                 clock.SleepFor(milliseconds(3));
                                 MutexLock lock(mu);
                                 items.push_back(clock.Now());
                                 clock.NotifyAll(changed);
                               }
                             },
                             [&] {
                               MutexLock lock(mu);
                               while (waits.size() < 20) {
                                 while (items.empty()) {
                                   clock.WaitUntil(changed, mu, TimePoint::max());
                                 }
                                 waits.push_back(clock.Now() - items.front());
                                 items.pop_front();
                               }
                             },
                             [&] {
                               for (int i = 0; i < 200; ++i) clock.SleepFor(milliseconds(1));
                             }});
    for (Duration wait : waits) ASSERT_EQ(wait, Duration::zero()) << run;
  }
}

// One condition variable for both: when time wakes the first, the second wakes too and waits again for the time that
// it had, which is not forgotten meanwhile.
TEST(VirtualTimeTest, WhoSharesAConditionVariableKeepsItsTime) {
  for (int run = 0; run < 2000; ++run) {
    ManualClock clock;
    Mutex mu;
    CondVar changed;
    bool done = false;
    RunInVirtualTime(clock, {[&] {
                               MutexLock lock(mu);
                               while (clock.WaitUntil(changed, mu, TimePoint{} + seconds(1))) {
                               }
                               while (!done) clock.WaitUntil(changed, mu, TimePoint::max());
                             },
                             [&] {
                               MutexLock lock(mu);
                               while (clock.WaitUntil(changed, mu, TimePoint{} + seconds(2))) {
                               }
                               done = true;
                               clock.NotifyAll(changed);
                             }});
    ASSERT_EQ(clock.Now(), TimePoint{} + seconds(2));
  }
}

TEST(VirtualTimeDeathTest, ADeadlockOfAllIsABug) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        ManualClock clock;
        Mutex mu;
        CondVar never;
        RunInVirtualTime(clock, {[&] {
                           MutexLock lock(mu);
                           while (true) clock.WaitUntil(never, mu, TimePoint::max());
                         }});
      },
      "next.has_value");
}

}  // namespace
}  // namespace pano
