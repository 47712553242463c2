#include "base/retry.h"

#include <gtest/gtest.h>

namespace pano {
namespace {

using std::chrono::milliseconds;

const Status kDown(StatusCode::kUnavailable, "down");

TEST(Retry, DelaysDouble) {
  const RetryOptions options;
  EXPECT_EQ(DelayBeforeRetry(kDown, 1, {}, 0, options), Duration(milliseconds(300)));
  EXPECT_EQ(DelayBeforeRetry(kDown, 3, {}, 0, options), Duration(milliseconds(1200)));
  EXPECT_EQ(DelayBeforeRetry(kDown, 1, {}, 0.5, options), Duration(milliseconds(225)));
  EXPECT_EQ(DelayBeforeRetry(kDown, 6, {}, 0, options), std::nullopt);
  EXPECT_EQ(DelayBeforeRetry(kDown, 1, 7, 0, options), Duration(std::chrono::seconds(7)));
  EXPECT_EQ(DelayBeforeRetry(kDown, 1, 700, 0, options), std::nullopt);
  EXPECT_EQ(DelayBeforeRetry(NotFound("x"), 1, {}, 0, options), std::nullopt);
  EXPECT_EQ(DelayBeforeRetry(Status(StatusCode::kExhausted, "disk"), 1, {}, 0, options),
            std::nullopt);
}

TEST(Retry, GivesUpAfterFailuresInARowWithoutProgress) {
  const RetryOptions options{
      .attempts = 3, .delay_min = milliseconds(0), .delay_max = milliseconds(0)};
  int calls = 0;
  EXPECT_FALSE(Retry(options, Clock::Real(), {}, [&] {
                 return Attempt{(++calls, kDown), {}, false};
               }).ok());
  EXPECT_EQ(calls, 3);
  calls = 0;
  EXPECT_TRUE(Retry(options, Clock::Real(), {}, [&] {
                return ++calls < 10 ? Attempt{kDown, {}, true} : Attempt{};
              }).ok());
  EXPECT_EQ(calls, 10);
}

TEST(Retry, IsForFailuresThatMayPass) {
  const RetryOptions options;
  for (const StatusCode code : {StatusCode::kNotFound, StatusCode::kUnauthenticated, StatusCode::kCorruption,
                                StatusCode::kPermissionDenied, StatusCode::kCancelled}) {
    EXPECT_FALSE(DelayBeforeRetry(Status(code, "x"), 1, {}, 0, options).has_value());
  }
  const Status full = Status(StatusCode::kExhausted, "full").WithReason("disk_full");
  EXPECT_FALSE(DelayBeforeRetry(full, 1, 1, 0, options).has_value());
  const Status limited = Status(StatusCode::kExhausted, "slow down").WithReason("rate_limit");
  EXPECT_EQ(DelayBeforeRetry(limited, 1, 0, 0, options), Duration(0));
  EXPECT_EQ(DelayBeforeRetry(limited, 1, -3, 0, options), Duration(0));
}

TEST(Retry, EndsWhenItIsInterrupted) {
  std::stop_source stop;
  stop.request_stop();
  int calls = 0;
  const Status status = Retry(RetryOptions(), Clock::Real(), stop.get_token(), [&] {
    ++calls;
    return Attempt{kDown, {}, false};
  });
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace pano
