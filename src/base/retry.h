#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>

#include "base/clock.h"
#include "base/status.h"

namespace pano {

struct RetryOptions {
  int attempts = 6;  // of the same thing without any progress
  std::chrono::milliseconds delay_min{300}, delay_max{20'000};
  std::chrono::seconds retry_after_max{300};  // a server that wants a longer pause is not waited for
};

// Whether another try may end better.
bool IsTransient(const Status& failure);

// How long to wait after the `failures`-th failure in a row (from 1), or nothing: give up. The
// pause doubles each time and is shortened by up to a half at random (`jitter` in [0, 1)), so that
// many clients do not come back at once; what the server asks for (Retry-After) comes first.
std::optional<Duration> DelayBeforeRetry(const Status& failure, int failures,
                                         std::optional<int64_t> retry_after_seconds, double jitter,
                                         const RetryOptions& options);

// What an attempt leaves for the decision. A value.
struct Attempt {
  Status status;
  std::optional<int64_t> retry_after_seconds;
  bool progress = false;  // failures before count no longer
};

// Calls `attempt` until it is ok, fails for good or has failed too often. Waits on `clock`, and says so
// before it does (`on_wait`, which may be null).
Status Retry(const RetryOptions& options, Clock& clock, const std::stop_token& stop,
             const std::function<Attempt()>& attempt,
             const std::function<void(const Status& failure, Duration delay)>& on_wait = nullptr);

}  // namespace pano
