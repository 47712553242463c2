#pragma once

#include <cstdint>

#include "base/result.h"

namespace pano::sim {

struct EventBenchResult {
  int64_t events = 0;
  double seconds = 0;  // of one core's time: what other programs take of it does not count
};

// Measures the event queue alone on one thread: `sources` timers with periods between 0.5 and 1.5 s, each
// scheduling its next shot as it comes out (Jones' hold model, 1986). It also checks its answer: how often each
// timer has fired must be what its period says, and times may never go back; Internal when they do.
// REQUIRES: events >= 1, 1 <= sources < 2^20.
Result<EventBenchResult> RunEventBench(int64_t events, int64_t sources, uint64_t seed);

}  // namespace pano::sim
