#include "app/quota/sliding_window.h"

#include <gtest/gtest.h>

#include <deque>

#include "base/random.h"

namespace pano::quota {
namespace {

TEST(SlidingWindow, AnAmountLeavesWhenItsSlotDoes) {
  SlidingWindow window(kMinute);
  window.Advance(10'500);
  EXPECT_EQ(window.Add(window.SlotAt(10'500), 3), 3);
  EXPECT_EQ(window.MsUntil(10'500, 3), 0);
  EXPECT_EQ(window.MsUntil(10'500, 2), 59'500);  // 10 s + 60 s
  window.Advance(69'999);
  EXPECT_EQ(window.sum(), 3);
  window.Advance(70'000);
  EXPECT_EQ(window.sum(), 0);
  EXPECT_TRUE(window.empty());
}

TEST(SlidingWindow, ChangesOnlyWhatItHasAndNeverBelowZero) {
  SlidingWindow window(kMinute);
  window.Advance(100'000);
  EXPECT_EQ(window.Add(30, 5), 0);  // behind the window
  EXPECT_EQ(window.Add(90, 5), 5);
  EXPECT_EQ(window.Add(90, -7), -5);
  EXPECT_EQ(window.Add(91, -1), 0);
  EXPECT_TRUE(window.empty());
  window.Add(90, 5);
  window.Advance(50'000);  // a clock that goes back changes nothing
  EXPECT_EQ(window.sum(), 5);
}

TEST(SlidingWindow, TheDaySlidesByQuartersOfAnHour) {
  SlidingWindow window(kDay);
  const int64_t noon = 12 * 3'600'000;
  window.Advance(noon);
  window.Add(window.SlotAt(noon), 1);
  EXPECT_EQ(window.MsUntil(noon, 0), 24 * 3'600'000);
}

// Against the amounts themselves: what it says is left, is; when it says there is room, there is.
TEST(SlidingWindow, IsWhatWasAddedInTheLastMinute) {
  Random random(7);
  SlidingWindow window(kMinute);
  std::deque<std::pair<int64_t, int64_t>> all;
  int64_t now = 0;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<int64_t>(random.Below(2500));
    window.Advance(now);
    while (!all.empty() && all.front().first <= now / 1000 - 60) all.pop_front();
    int64_t sum = 0;
    for (const auto& [slot, amount] : all) sum += amount;
    ASSERT_EQ(window.sum(), sum);
    ASSERT_LE(window.entries().size(), 60u);
    const auto most = static_cast<int64_t>(random.Below(200));
    const int64_t wait = window.MsUntil(now, most);
    SlidingWindow later = window;
    later.Advance(now + wait);
    ASSERT_LE(later.sum(), most);
    if (wait > 0) {
      SlidingWindow before = window;
      before.Advance(now + wait - 1);
      ASSERT_GT(before.sum(), most);
    }
    const auto amount = static_cast<int64_t>(1 + random.Below(20));
    window.Add(now / 1000, amount);
    all.emplace_back(now / 1000, amount);
  }
}

}  // namespace
}  // namespace pano::quota
