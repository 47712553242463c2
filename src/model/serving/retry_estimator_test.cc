#include "model/serving/retry_estimator.h"

#include <gtest/gtest.h>

namespace pano::serving {
namespace {

TEST(RetryEstimator, AnEmptyQueueIsTriedAgainAtOnce) {
  RetryEstimator estimator;
  EXPECT_EQ(estimator.Seconds(0, std::nullopt), 1);
  EXPECT_EQ(estimator.Seconds(0, 100.0), 1);
}

TEST(RetryEstimator, BeforeAnythingWasCompletedItGoesByTheStepUnderWay) {
  RetryEstimator estimator;
  EXPECT_EQ(estimator.Seconds(5, std::nullopt), 1);
  EXPECT_EQ(estimator.Seconds(5, 0.0), 1);
  EXPECT_EQ(estimator.Seconds(5, 7.5), 9);
  estimator.Complete(3);  // one tells no rate
  EXPECT_EQ(estimator.Seconds(5, 7.5), 9);
}

TEST(RetryEstimator, TheQueueEmptiesAtTheRateOfTheLastCompletions) {
  RetryEstimator estimator;
  for (double busy : {10.0, 12.0, 14.0}) estimator.Complete(busy);  // two seconds each
  EXPECT_EQ(estimator.Seconds(1, 0.0), 4);  // the one that waits, and the client's own
  EXPECT_EQ(estimator.Seconds(9, 0.0), 20);
  EXPECT_EQ(estimator.Seconds(100'000, 0.0), RetryEstimator::kSecondsMax);
}

TEST(RetryEstimator, OldCompletionsAreForgotten) {
  RetryEstimator estimator;
  double busy = 0;
  for (int i = 0; i < 100; ++i) estimator.Complete(busy += 10);
  EXPECT_EQ(estimator.Seconds(4, 0.0), 50);
  for (int i = 0; i < 32; ++i) estimator.Complete(busy += 1);
  EXPECT_EQ(estimator.Seconds(4, 0.0), 5);
}

}  // namespace
}  // namespace pano::serving
