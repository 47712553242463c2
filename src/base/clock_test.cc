#include "base/clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/random.h"

namespace pano {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A flag that threads wait for on a clock.
struct Flag {
  // False when `until` came first.
  bool Await(Clock& clock, TimePoint until) {
    MutexLock lock(mu);
    while (!set) {
      if (!clock.WaitUntil(changed, mu, until)) return set;
    }
    return true;
  }
  void Set() {
    MutexLock lock(mu);
    set = true;
    changed.NotifyAll();
  }

  Mutex mu;
  CondVar changed;
  bool set PANO_GUARDED_BY(mu) = false;
};

TEST(RealClock, WaitsUntilTheTimeOrANotification) {
  Clock& clock = Clock::Real();
  Flag never;
  const TimePoint until = clock.Now() + milliseconds(5);
  EXPECT_FALSE(never.Await(clock, until));
  EXPECT_GE(clock.Now(), until);

  Flag soon;
  std::jthread setter([&] { soon.Set(); });
  EXPECT_TRUE(soon.Await(clock, TimePoint::max()));
}

TEST(RealClock, ASleepEndsWithAStop) {
  std::jthread sleeper([](const std::stop_token& stop) {
    EXPECT_FALSE(Clock::Real().SleepFor(hours(1), stop));
    EXPECT_FALSE(Clock::Real().SleepFor(hours(1), stop));  // stopped already
  });
  sleeper.request_stop();
  sleeper.join();
  EXPECT_TRUE(Clock::Real().SleepFor(milliseconds(1)));
}

TEST(ManualClockTest, MovesOnlyWhenTold) {
  ManualClock clock;
  EXPECT_EQ(clock.Now(), TimePoint{});
  clock.Advance(seconds(90));
  EXPECT_EQ(clock.Now(), TimePoint{} + seconds(90));
  EXPECT_EQ(clock.UnixSeconds(), 90);
  Flag flag;
  EXPECT_FALSE(flag.Await(clock, clock.Now()));  // no wait for what has come
  EXPECT_EQ(clock.NextDeadline(), std::nullopt);
}

TEST(ManualClockTest, AdvanceWakesWhomItIsTimeFor) {
  ManualClock clock;
  Flag flag;
  std::atomic<int> late{0};
  const TimePoint start = clock.Now();
  std::jthread first([&] {
    EXPECT_FALSE(flag.Await(clock, start + seconds(1)));
    ++late;
  });
  std::jthread second([&] {
    EXPECT_FALSE(flag.Await(clock, start + hours(1)));
    ++late;
  });
  clock.AwaitWaiters(2);
  EXPECT_EQ(clock.NextDeadline(), start + seconds(1));
  clock.Advance(milliseconds(999));
  EXPECT_EQ(late, 0);
  clock.Advance(milliseconds(1));
  first.join();
  EXPECT_EQ(late, 1);
  clock.AwaitWaiters(1);  // the other one woke with it, to wait again
  EXPECT_EQ(clock.NextDeadline(), start + hours(1));
  clock.Advance(hours(2));
  second.join();
  EXPECT_EQ(late, 2);
}

// Time that comes for one wakes all that wait on its condition. Those still counted as waiting until they ran, and
// while they did nobody seemed to wait for a time.
TEST(ManualClockTest, WhoIsWokenWithOthersDoesNotCountAsWaiting) {
  constexpr int kRounds = 2000;
  ManualClock clock;
  Flag never;
  std::jthread patient([&] { EXPECT_TRUE(never.Await(clock, TimePoint::max())); });
  std::jthread busy([&] {
    for (int round = 1; round <= kRounds; ++round) EXPECT_FALSE(never.Await(clock, TimePoint(seconds(round))));
  });
  for (int round = 1; round <= kRounds; ++round) {
    clock.AwaitWaiters(2);
    ASSERT_EQ(clock.NextDeadline(), TimePoint(seconds(round)));
    clock.Advance(seconds(1));
  }
  busy.join();   // its last wait has ended by time, not by the flag
  never.Set();
}

TEST(ManualClockTest, ANotificationWakesAsOnAnyClock) {
  ManualClock clock;
  Flag flag;
  std::jthread timed([&] { EXPECT_TRUE(flag.Await(clock, TimePoint{} + hours(1))); });
  std::jthread patient([&] { EXPECT_TRUE(flag.Await(clock, TimePoint::max())); });
  clock.AwaitWaiters(2);
  flag.Set();
}

TEST(ManualClockTest, SleepersEndWithTimeOrAStop) {
  ManualClock clock;
  std::jthread stopped([&](const std::stop_token& stop) {
    EXPECT_FALSE(clock.SleepFor(hours(1), stop));
  });
  std::jthread slept([&] { EXPECT_TRUE(clock.SleepFor(seconds(1))); });
  clock.AwaitWaiters(2);
  stopped.request_stop();
  stopped.join();
  clock.Advance(seconds(1));
}

// Waiters own what they wait with and leave as soon as they may, while several threads move time
// and others notify: no wake-up is lost (else this hangs) and none is used after its end (ASan,
// TSan).
TEST(ManualClockTest, WaitersComeAndGoWhileTimeMoves) {
  constexpr int kWaiters = 4, kRounds = 300;
  ManualClock clock;
  std::atomic<int> done{0};
  std::vector<std::jthread> threads;
  for (int w = 0; w < kWaiters; ++w) {
    threads.emplace_back([&, w] {
      Random random(static_cast<uint64_t>(w));
      for (int round = 0; round < kRounds; ++round) {
        auto flag = std::make_unique<Flag>();
        const TimePoint until = clock.Now() + milliseconds(1 + random.Below(20));
        std::jthread setter;
        if (random.Below(4) == 0) setter = std::jthread([&] { flag->Set(); });
        if (!flag->Await(clock, until)) {
          EXPECT_GE(clock.Now(), until);
        }
        if (setter.joinable()) setter.join();
      }
      ++done;
    });
  }
  for (int mover = 0; mover < 2; ++mover) {
    threads.emplace_back([&] {
      while (done < kWaiters) {
        clock.Advance(milliseconds(1));
        std::this_thread::yield();
      }
    });
  }
}

}  // namespace
}  // namespace pano
