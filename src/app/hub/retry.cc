#include "app/hub/retry.h"

#include <algorithm>

namespace pano::hub {

bool IsTransient(const Status& failure) {
  switch (failure.code()) {
    case StatusCode::kUnavailable:
    case StatusCode::kDeadline:
      return true;
    case StatusCode::kExhausted:
      return failure.reason() == "rate_limit";
    default:
      return false;
  }
}

std::optional<Duration> DelayBeforeRetry(const Status& failure, int failures,
                                         std::optional<int64_t> retry_after_seconds,
                                         const RetryOptions& options) {
  if (!IsTransient(failure) || failures >= options.attempts) return std::nullopt;
  if (retry_after_seconds) {
    if (*retry_after_seconds > options.retry_after_max.count()) return std::nullopt;
    return std::chrono::seconds(*retry_after_seconds);
  }
  const int doublings = std::clamp(failures - 1, 0, 20);
  return std::min<Duration>(options.delay_min * (int64_t{1} << doublings), options.delay_max);
}

}  // namespace pano::hub
