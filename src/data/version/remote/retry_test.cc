#include "data/version/remote/retry.h"

#include <gtest/gtest.h>

namespace pano::remote {
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

}  // namespace
}  // namespace pano::remote
