#include "model/serving/wakeup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace pano::serving {
namespace {

using std::chrono::seconds;

TEST(Wakeup, WhatWasNotifiedSinceTheLastLookEndsTheNextWait) {
  ManualClock clock;
  Wakeup wakeup;
  wakeup.Notify();
  wakeup.Wait(clock, std::nullopt);
  wakeup.Wait(clock, std::nullopt);  // nobody has looked
  wakeup.Look();
  std::atomic<bool> awake = false;
  std::jthread loop([&] {
    wakeup.Wait(clock, std::nullopt);
    awake = true;
  });
  clock.AwaitWaiters(1);
  EXPECT_FALSE(awake);
  wakeup.Notify();
  loop.join();
  EXPECT_TRUE(awake);
}

TEST(Wakeup, WaitsByItsClock) {
  ManualClock clock;
  Wakeup wakeup;
  wakeup.Wait(clock, clock.Now());  // it is time already
  std::atomic<bool> awake = false;
  std::jthread loop([&] {
    wakeup.Wait(clock, TimePoint(seconds(5)));
    awake = true;
  });
  clock.AwaitWaiters(1);
  clock.Advance(seconds(4));
  EXPECT_FALSE(awake);
  clock.Advance(seconds(1));
  loop.join();
  EXPECT_TRUE(awake);
}

TEST(Wakeup, OrdersStay) {
  Wakeup wakeup;
  Wakeup::Orders orders = wakeup.Look();
  EXPECT_FALSE(orders.draining || orders.cancel_all || orders.stop);
  wakeup.StartDraining();
  wakeup.Wait(Clock::Real(), std::nullopt);  // an order wakes, too
  EXPECT_TRUE(wakeup.Look().draining);
  wakeup.CancelAll();
  wakeup.Wait(Clock::Real(), std::nullopt);
  EXPECT_TRUE(wakeup.Look().cancel_all);
  wakeup.Stop();
  wakeup.Wait(Clock::Real(), std::nullopt);
  orders = wakeup.Look();
  EXPECT_TRUE(orders.draining && orders.cancel_all && orders.stop);
}

}  // namespace
}  // namespace pano::serving
