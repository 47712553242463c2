#pragma once

#include <cstdint>

#include "app/models/model_catalog.h"
#include "base/clock.h"

namespace pano::repository {

// How long loads take, learned from those that were made: for what callers are told while they wait, and
// nothing else. Thread-compatible.
class LoadSpeed {
 public:
  void Learn(uint64_t bytes, Duration took);
  Duration Estimate(uint64_t bytes) const;
  // Of a load that has taken `elapsed` so far: never done before it is.
  models::LoadProgress Progress(uint64_t bytes, Duration elapsed) const;

 private:
  // Until something was learned: a disk's speed, and what a small model takes.
  double seconds_per_byte_ = 1.0 / 300e6;
  static constexpr double kSecondsLeast = 0.1;
};

}  // namespace pano::repository
