#include "app/batches/records.h"

namespace pano::batches {

std::string_view BatchStatusName(BatchStatus status) {
  constexpr std::array<std::string_view, kBatchStatuses> kNames = {
      "validating", "in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled"};
  return kNames[static_cast<size_t>(status)];
}

bool IsFinal(BatchStatus status) {
  return status == BatchStatus::kCompleted || status == BatchStatus::kFailed ||
         status == BatchStatus::kExpired || status == BatchStatus::kCancelled;
}

}  // namespace pano::batches
