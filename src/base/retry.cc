#include "base/retry.h"

#include <algorithm>

#include "base/random.h"

namespace pano {

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
                                         std::optional<int64_t> retry_after_seconds, double jitter,
                                         const RetryOptions& options) {
  if (!IsTransient(failure) || failures >= options.attempts) return std::nullopt;
  if (retry_after_seconds) {
    if (*retry_after_seconds > options.retry_after_max.count()) return std::nullopt;
    return std::chrono::seconds(std::max<int64_t>(*retry_after_seconds, 0));
  }
  const int doublings = std::clamp(failures - 1, 0, 20);
  const Duration full =
      std::min<Duration>(options.delay_min * (int64_t{1} << doublings), options.delay_max);
  return std::chrono::duration_cast<Duration>(full * (1.0 - 0.5 * jitter));
}

Status Retry(const RetryOptions& options, Clock& clock, const std::stop_token& stop,
             const std::function<Attempt()>& attempt,
             const std::function<void(const Status& failure, Duration delay)>& on_wait) {
  Random random(SystemEntropy());
  int failures = 0;
  while (true) {
    const Attempt result = attempt();
    if (result.status.ok()) return {};
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "interrupted");
    failures = result.progress ? 1 : failures + 1;
    const std::optional<Duration> delay = DelayBeforeRetry(
        result.status, failures, result.retry_after_seconds, random.Uniform(), options);
    if (!delay) return result.status;
    if (on_wait) on_wait(result.status, *delay);
    if (!clock.SleepFor(*delay, stop)) return Status(StatusCode::kCancelled, "interrupted");
  }
}

}  // namespace pano
