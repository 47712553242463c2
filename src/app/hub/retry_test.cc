#include "app/hub/retry.h"

#include <gtest/gtest.h>

namespace pano::hub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Status kDown(StatusCode::kUnavailable, "down");
const Status kLimited = Status(StatusCode::kExhausted, "slow down").WithReason("rate_limit");

TEST(Retry, PausesLongerEachTimeAndEnds) {
  RetryOptions options{.attempts = 5, .delay_min = milliseconds(100), .delay_max = milliseconds(500)};
  EXPECT_EQ(DelayBeforeRetry(kDown, 1, {}, options), milliseconds(100));
  EXPECT_EQ(DelayBeforeRetry(kDown, 2, {}, options), milliseconds(200));
  EXPECT_EQ(DelayBeforeRetry(kDown, 4, {}, options), milliseconds(500));
  EXPECT_FALSE(DelayBeforeRetry(kDown, 5, {}, options).has_value());
}

TEST(Retry, WaitsAsLongAsTheHubAsksButNotForever) {
  EXPECT_EQ(DelayBeforeRetry(kLimited, 1, 7, {}), seconds(7));
  EXPECT_EQ(DelayBeforeRetry(kLimited, 1, 0, {}), seconds(0));
  EXPECT_FALSE(DelayBeforeRetry(kLimited, 1, 3600, {}).has_value());
}

TEST(Retry, IsForFailuresThatMayPass) {
  for (StatusCode code : {StatusCode::kNotFound, StatusCode::kUnauthenticated, StatusCode::kCorruption,
                          StatusCode::kPermissionDenied, StatusCode::kCancelled}) {
    EXPECT_FALSE(DelayBeforeRetry(Status(code, "x"), 1, {}, {}).has_value());
  }
  const Status full = Status(StatusCode::kExhausted, "full").WithReason("disk_full");
  EXPECT_FALSE(DelayBeforeRetry(full, 1, 1, {}).has_value());
}

}  // namespace
}  // namespace pano::hub
