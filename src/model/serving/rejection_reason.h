#pragma once

#include <cstddef>
#include <cstdint>

namespace pano::serving {

// Why Submit refused a request. The names are label values of pano_rejections_total.
enum class RejectionReason : uint8_t { kQueueFull, kDraining, kContext, kDeadline };
inline constexpr size_t kRejectionReasons = 4;
const char* RejectionReasonName(RejectionReason reason);  // "queue_full", "draining", ...

}  // namespace pano::serving
