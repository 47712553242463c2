#include "model/serving/end_reason.h"

#include <gtest/gtest.h>

namespace pano::serving {
namespace {

constexpr TimePoint kNow{std::chrono::seconds(10)};

TEST(EndReason, ARequestEndsForTheFirstReasonThatHolds) {
  EndConditions conditions;
  EXPECT_EQ(ReasonToEnd(conditions, kNow), std::nullopt);
  conditions.shutdown = true;
  EXPECT_EQ(ReasonToEnd(conditions, kNow), EndReason::kShutdown);
  conditions.reader_too_slow = true;
  EXPECT_EQ(ReasonToEnd(conditions, kNow), EndReason::kSlowClient);
  conditions.deadline = kNow;
  EXPECT_EQ(ReasonToEnd(conditions, kNow), EndReason::kDeadline);
  conditions.cancelled = true;
  EXPECT_EQ(ReasonToEnd(conditions, kNow), EndReason::kClient);
}

TEST(EndReason, ADeadlineCountsFromItsMomentOn) {
  EXPECT_EQ(ReasonToEnd({.deadline = kNow + Duration(1)}, kNow), std::nullopt);
  EXPECT_EQ(ReasonToEnd({.deadline = kNow}, kNow), EndReason::kDeadline);
}

TEST(EndReason, NamesAreThoseOfTheMetrics) {
  EXPECT_STREQ(EndReasonName(EndReason::kClient), "client");
  EXPECT_STREQ(EndReasonName(EndReason::kDeadline), "deadline");
  EXPECT_STREQ(EndReasonName(EndReason::kSlowClient), "slow_client");
  EXPECT_STREQ(EndReasonName(EndReason::kShutdown), "shutdown");
}

}  // namespace
}  // namespace pano::serving
