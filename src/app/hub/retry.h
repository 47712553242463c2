#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "base/status.h"

namespace pano::hub {

struct RetryOptions {
  int attempts = 6;  // of the same thing without any progress
  std::chrono::milliseconds delay_min{500}, delay_max{30'000};
  std::chrono::seconds retry_after_max{300};  // a hub that wants a longer pause is not waited for
};

// Whether another try may end better.
bool IsTransient(const Status& failure);

// How long to wait after the `failures`-th failure in a row (from 1), or nothing: give up. The pause
// doubles each time; what the hub itself asks for (Retry-After) comes first.
std::optional<Duration> DelayBeforeRetry(const Status& failure, int failures,
                                         std::optional<int64_t> retry_after_seconds,
                                         const RetryOptions& options);

}  // namespace pano::hub
