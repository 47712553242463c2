#include "app/repository/load_speed.h"

#include <gtest/gtest.h>

namespace pano::repository {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LoadSpeed, LearnsFromLoads) {
  LoadSpeed speed;
  constexpr uint64_t kBytes = 1'000'000'000;
  EXPECT_NEAR(Seconds(speed.Estimate(kBytes)), 3.4, 0.1);
  for (int i = 0; i < 20; ++i) speed.Learn(kBytes, seconds(20));
  EXPECT_NEAR(Seconds(speed.Estimate(kBytes)), 20, 0.5);
  EXPECT_NEAR(Seconds(speed.Estimate(kBytes / 2)), 10, 0.5);
  speed.Learn(100, seconds(100));  // too small to say anything
  EXPECT_NEAR(Seconds(speed.Estimate(kBytes)), 20, 0.5);
  EXPECT_LE(speed.Estimate(UINT64_MAX), std::chrono::hours(1));
}

TEST(LoadSpeed, ProgressGrowsAndIsNeverDone) {
  LoadSpeed speed;
  for (int i = 0; i < 20; ++i) speed.Learn(1'000'000'000, seconds(10));
  double last = -1;
  for (int ms = 0; ms < 200'000; ms += 500) {
    const models::LoadProgress progress = speed.Progress(1'000'000'000, milliseconds(ms));
    EXPECT_GE(progress.fraction, last);
    EXPECT_LE(progress.fraction, 0.99);
    EXPECT_GE(progress.eta_seconds, 1);
    last = progress.fraction;
  }
  EXPECT_NEAR(speed.Progress(1'000'000'000, seconds(5)).fraction, 0.5, 0.02);
  EXPECT_NEAR(static_cast<double>(speed.Progress(1'000'000'000, seconds(5)).eta_seconds), 6, 1);
}

}  // namespace
}  // namespace pano::repository
