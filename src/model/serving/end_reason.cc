#include "model/serving/end_reason.h"

namespace pano::serving {

const char* EndReasonName(EndReason reason) {
  switch (reason) {
    case EndReason::kClient: return "client";
    case EndReason::kDeadline: return "deadline";
    case EndReason::kSlowClient: return "slow_client";
    case EndReason::kShutdown: return "shutdown";
  }
  return "other";
}

std::optional<EndReason> ReasonToEnd(const EndConditions& conditions, TimePoint now) {
  if (conditions.cancelled) return EndReason::kClient;
  if (conditions.deadline && *conditions.deadline <= now) return EndReason::kDeadline;
  if (conditions.reader_too_slow) return EndReason::kSlowClient;
  if (conditions.shutdown) return EndReason::kShutdown;
  return std::nullopt;
}

}  // namespace pano::serving
