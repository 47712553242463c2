#pragma once

#include <optional>

#include "base/clock.h"

namespace pano::serving {

// Since when a loop that has something to do has done nothing: what tells a step that hangs from a
// service that has no work. Thread-compatible.
class Progress {
 public:
  // There is work that waits for nobody outside, or there is none. The count begins with the first
  // such call after one without work.
  void SetRunnable(bool runnable, TimePoint now) {
    if (runnable && !runnable_) last_ = now;
    runnable_ = runnable;
  }
  void Step(TimePoint now) { last_ = now; }

  // Since the last step or since work came, whichever was later; none without work.
  std::optional<double> SecondsSince(TimePoint now) const {
    if (!runnable_) return std::nullopt;
    return Seconds(now - last_);
  }

 private:
  bool runnable_ = false;
  TimePoint last_{};
};

}  // namespace pano::serving
