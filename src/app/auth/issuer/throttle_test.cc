#include "app/auth/issuer/throttle.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::issuer {
namespace {

using std::chrono::seconds;

TEST(Throttle, DoublesThePauseAfterTheFreeFailures) {
  ManualClock clock;
  Throttle throttle(clock, {.pair_free = 3});
  for (int i = 0; i < 3; ++i) {
    throttle.Failed("ann", "10.0.0.1");
    EXPECT_EQ(throttle.WaitSeconds("ann", "10.0.0.1"), 0);
  }
  for (int64_t wait : {1, 2, 4, 8, 16, 32, 60, 60}) {
    throttle.Failed("ann", "10.0.0.1");
    EXPECT_EQ(throttle.WaitSeconds("ann", "10.0.0.1"), wait);
    EXPECT_EQ(throttle.WaitSeconds("ann", "10.0.0.2"), 0) << "others are not locked out";
    clock.Advance(seconds(wait));
    EXPECT_EQ(throttle.WaitSeconds("ann", "10.0.0.1"), 0);
  }
}

TEST(Throttle, AnAddressThatTriesManyNamesIsSlowed) {
  ManualClock clock;
  Throttle throttle(clock, {.pair_free = 3, .address_free = 20});
  for (int i = 0; i <= 20; ++i) throttle.Failed(StrCat("user", i), "10.0.0.1");
  EXPECT_EQ(throttle.WaitSeconds("fresh", "10.0.0.1"), 1);
  EXPECT_EQ(throttle.WaitSeconds("fresh", "10.0.0.2"), 0);
}

TEST(Throttle, ANameThatManyAddressesTryIsSlowed) {
  ManualClock clock;
  Throttle throttle(clock, {.name_free = 30});
  for (int i = 0; i <= 30; ++i) throttle.Failed("ann", StrCat("10.0.0.", i));
  EXPECT_EQ(throttle.WaitSeconds("ann", "10.1.0.1"), 1);
}

TEST(Throttle, ForgetsOnSuccessAndWithTime) {
  ManualClock clock;
  Throttle throttle(clock, {.pair_free = 1});
  throttle.Failed("ann", "a");
  throttle.Succeeded("ann", "a");
  throttle.Failed("ann", "a");
  EXPECT_EQ(throttle.WaitSeconds("ann", "a"), 0);
  clock.Advance(std::chrono::minutes(16));
  throttle.Failed("ann", "a");
  EXPECT_EQ(throttle.WaitSeconds("ann", "a"), 0);
}

TEST(Throttle, KeepsABoundedNumber) {
  ManualClock clock;
  Throttle throttle(clock, {.pair_free = 0, .address_free = 1 << 20, .entries_max = 100});
  for (int i = 0; i < 1000; ++i) throttle.Failed(StrCat("u", i), "a");
  EXPECT_EQ(throttle.WaitSeconds("u0", "a"), 0) << "the oldest went";
  EXPECT_GT(throttle.WaitSeconds("u999", "a"), 0);
  throttle.Failed(std::string(1 << 20, 'x'), "a");
  EXPECT_GT(throttle.WaitSeconds(std::string(1 << 20, 'x'), "a"), 0);
}

}  // namespace
}  // namespace pano::issuer
