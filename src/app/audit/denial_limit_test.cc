#include "app/audit/denial_limit.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::audit {
namespace {

using std::chrono::seconds;

TimePoint At(int64_t second) { return TimePoint(seconds(second)); }

TEST(DenialLimit, ABurstThenOneInAWhile) {
  DenialLimit limit({.burst = 3, .pause = seconds(10)});
  int written = 0;
  for (int i = 0; i < 100; ++i) written += limit.Admit("a", At(0)).has_value() ? 1 : 0;
  EXPECT_EQ(written, 3);
  EXPECT_TRUE(limit.has_left_out());
  EXPECT_FALSE(limit.Admit("a", At(9)).has_value());
  EXPECT_EQ(limit.Admit("a", At(10)), 98);   // with those that it stands for
  EXPECT_FALSE(limit.has_left_out());
  EXPECT_EQ(limit.Admit("b", At(10)), 0);    // another source has its own
  EXPECT_EQ(limit.Admit("a", At(40)), 0);
}

TEST(DenialLimit, ManySourcesTogetherAreBounded) {
  DenialLimit limit({.burst = 10, .burst_of_all = 100, .pause_of_all = seconds(1), .sources_max = 50});
  int64_t written = 0, told = 0;
  constexpr int kEvents = 20'000;
  for (int i = 0; i < kEvents; ++i) {
    if (const auto left_out = limit.Admit(StrCat("source ", i), At(i / 100))) {
      ++written;
      told += *left_out;
    }
  }
  EXPECT_LE(written, 100 + kEvents / 100 + 1);
  EXPECT_GE(written, 50);   // evidence of each of the first
  const DenialLimit::LeftOut rest = limit.TakeLeftOut();
  EXPECT_EQ(written + told + rest.events, kEvents);   // none is lost
  EXPECT_LE(rest.sources, 51);
  EXPECT_EQ(limit.TakeLeftOut().events, 0);
}

TEST(DenialLimit, SourcesThatWereQuietMakeRoom) {
  DenialLimit limit({.burst = 2, .pause = seconds(1), .sources_max = 1});
  EXPECT_EQ(limit.Admit("a", At(0)), 0);
  EXPECT_EQ(limit.Admit("b", At(0)), 0);   // among the others
  EXPECT_EQ(limit.Admit("c", At(0)), 0);
  EXPECT_FALSE(limit.Admit("d", At(0)).has_value());
  EXPECT_TRUE(limit.Admit("a", At(0)).has_value());
  EXPECT_EQ(limit.TakeLeftOut().events, 1);
  EXPECT_EQ(limit.Admit("e", At(100)), 0);
  EXPECT_EQ(limit.Admit("e", At(100)), 0);
  EXPECT_FALSE(limit.Admit("e", At(100)).has_value());   // its own bucket
}

}  // namespace
}  // namespace pano::audit
