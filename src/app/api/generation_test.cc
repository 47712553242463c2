#include "app/api/generation.h"

#include <gtest/gtest.h>

#include <future>

namespace pano::api {
namespace {

using namespace std::chrono_literals;

TEST(Generations, WaitingEndsWhenTheLastIsGone) {
  ManualClock clock;
  Generations generations(clock);
  EXPECT_TRUE(generations.WaitUntilNone(0ms));
  auto one = std::make_shared<int>(1);
  auto two = std::make_shared<int>(2);
  generations.Add(one);
  generations.Add(two);
  EXPECT_EQ(generations.count(), 2u);
  auto none = std::async(std::launch::async, [&] { return generations.WaitUntilNone(2s); });
  clock.AwaitWaiters(1);
  generations.Remove(one);
  generations.Remove(two);
  EXPECT_TRUE(none.get());
}

TEST(Generations, WaitingGivesUpAtItsLimit) {
  ManualClock clock;
  Generations generations(clock);
  generations.Add(std::make_shared<int>(1));
  EXPECT_FALSE(generations.WaitUntilNone(0ms));
  auto none = std::async(std::launch::async, [&] { return generations.WaitUntilNone(2s); });
  clock.AwaitWaiters(1);
  clock.Advance(1s);
  EXPECT_EQ(none.wait_for(0s), std::future_status::timeout);
  clock.AwaitWaiters(1);
  clock.Advance(1s);
  EXPECT_FALSE(none.get());
}

}  // namespace
}  // namespace pano::api
