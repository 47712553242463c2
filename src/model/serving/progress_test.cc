#include "model/serving/progress.h"

#include <gtest/gtest.h>

namespace pano::serving {
namespace {

TimePoint At(int seconds) { return TimePoint(std::chrono::seconds(seconds)); }

TEST(Progress, CountsOnlyWhileThereIsWork) {
  Progress progress;
  EXPECT_FALSE(progress.SecondsSince(At(100)));
  progress.SetRunnable(true, At(100));
  EXPECT_EQ(progress.SecondsSince(At(107)), 7);
  progress.SetRunnable(true, At(108));  // more of it changes nothing
  EXPECT_EQ(progress.SecondsSince(At(109)), 9);
  progress.SetRunnable(false, At(110));
  EXPECT_FALSE(progress.SecondsSince(At(111)));
  progress.SetRunnable(true, At(200));
  EXPECT_EQ(progress.SecondsSince(At(201)), 1);
}

TEST(Progress, AStepStartsItAnew) {
  Progress progress;
  progress.SetRunnable(true, At(0));
  progress.Step(At(5));
  EXPECT_EQ(progress.SecondsSince(At(6)), 1);
}

}  // namespace
}  // namespace pano::serving
