#pragma once

#include <cstdint>
#include <deque>
#include <optional>

namespace pano::serving {

// How long a refused client should wait: the queue empties at the rate at which the last requests
// were completed, measured in busy time (the time that steps took), so that an idle night does not
// look like a slow server. Thread-compatible.
class RetryEstimator {
 public:
  static constexpr int64_t kSecondsMax = 600;

  // A request is done; `busy_seconds`: how long steps have taken in all so far.
  void Complete(double busy_seconds);

  // How long `waiting` requests take until they are done, by that rate; 0 where it is not known.
  double WaitSeconds(int64_t waiting) const;

  // For a client behind `waiting` requests; `stalled_seconds`: since the last step, none when there
  // is nothing to do. In [1, kSecondsMax].
  int64_t Seconds(int64_t waiting, std::optional<double> stalled_seconds) const;

 private:
  std::deque<double> completions_;  // busy seconds at the last ones
};

}  // namespace pano::serving
