#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace pano::serving {

// Why a request ended before its answer was complete. The names are label values of
// pano_cancellations_total.
enum class EndReason : uint8_t { kClient, kDeadline, kSlowClient, kShutdown };
inline constexpr size_t kEndReasons = 4;
const char* EndReasonName(EndReason reason);  // "client", "deadline", "slow_client", "shutdown"

// What may end a request early, as its loop sees it between two steps.
struct EndConditions {
  bool cancelled = false;  // by its caller, or because its reader is gone
  std::optional<TimePoint> deadline = {};
  bool reader_too_slow = false;
  bool shutdown = false;  // the service ends everything
};

// Why it ends now, the first in the order of the fields; none: it goes on.
std::optional<EndReason> ReasonToEnd(const EndConditions& conditions, TimePoint now);

}  // namespace pano::serving
