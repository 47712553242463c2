#include "model/serving/rejection_reason.h"

namespace pano::serving {

const char* RejectionReasonName(RejectionReason reason) {
  switch (reason) {
    case RejectionReason::kQueueFull: return "queue_full";
    case RejectionReason::kDraining: return "draining";
    case RejectionReason::kContext: return "context";
    case RejectionReason::kDeadline: return "deadline";
  }
  return "other";
}

}  // namespace pano::serving
