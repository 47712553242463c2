#pragma once

#include "base/mutex.h"
#include "model/engine/engine.h"
#include "model/serving/ledger.h"

namespace pano::engine {

// The figures that the loop published last, the ledger's and the engine's own together, so that a
// reader sees both of one moment. Thread-safe.
class StatsBoard {
 public:
  explicit StatsBoard(serving::Ledger& ledger) : ledger_(ledger) {}  // outlives it

  // `stats`: all but its `serving` part. The rest as in Ledger::Publish.
  void Publish(const Stats& stats, const serving::LoopStats& loop, bool runnable, bool stepped) {
    MutexLock lock(mu_);
    stats_ = stats;
    ledger_.Publish(loop, runnable, stepped);
  }
  Stats Get() const {
    MutexLock lock(mu_);
    Stats stats = stats_;
    stats.serving = ledger_.Get();
    return stats;
  }

 private:
  serving::Ledger& ledger_;
  mutable Mutex mu_;
  Stats stats_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::engine
