#pragma once

#include "base/mutex.h"
#include "model/engine/stats.h"
#include "model/serving/core.h"

namespace pano::engine {

// The figures that the loop published last, those of every service and the engine's own together, so
// that a reader sees both of one moment. Thread-safe.
class StatsBoard {
 public:
  explicit StatsBoard(serving::Core& core) : core_(core) {}  // outlives it

  // The loop's side. `stats`: all but its `serving` part. The rest as in Core::Publish.
  void Publish(const Stats& stats, bool runnable, bool stepped) {
    MutexLock lock(mu_);
    stats_ = stats;
    core_.Publish(runnable, stepped);
  }
  Stats Get() const {
    MutexLock lock(mu_);
    Stats stats = stats_;
    stats.serving = core_.ledger().Get();
    return stats;
  }

 private:
  serving::Core& core_;
  mutable Mutex mu_;
  Stats stats_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::engine
