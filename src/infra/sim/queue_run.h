#pragma once

#include <cstdint>

#include "infra/sim/queue_model.h"

namespace pano::sim {

inline constexpr int64_t kQueueRequestsMax = 1'000'000'000;

// A queue from empty until the last of `requests` has come, event by event. A function of its arguments.
// REQUIRES: CheckQueue is ok, 1 <= requests <= kQueueRequestsMax. Memory grows with the longest queue alone.
QueueFigures SimulateQueue(const Queue& queue, int64_t requests, uint64_t seed);

}  // namespace pano::sim
