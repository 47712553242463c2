#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_set>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "model/engine/engine.h"

namespace pano::engine {

// What the loop publishes and Submit has to know at once: who is in, how long the queue is, the
// figures of the last step. Thread-safe.
class Ledger {
 public:
  Ledger(const Clock& clock, int64_t queue_max) : clock_(clock), queue_max_(queue_max) {}

  // A request comes in and waits. Exhausted when the queue is full, Unavailable when draining,
  // AlreadyExists when its id is taken; these count as rejections.
  Status Enter(const std::string& id);
  void CountRejection();
  // Its first step is about to be made.
  void LeaveQueue();
  // It is done; `waited`: it never left the queue. `busy_seconds`: how long steps have taken so far.
  void Leave(const std::string& id, bool waited, double busy_seconds);

  void StartDraining();
  // Whether nobody was in before `until`.
  bool WaitUntilEmpty(TimePoint until);
  bool empty() const;

  // The loop's figures; those that the ledger knows better are left as they are. `runnable`: there is
  // work that does not wait for a reader. `stepped`: the loop has just made a step.
  void Publish(const Stats& stats, bool runnable, bool stepped);
  Stats Get() const;
  int64_t RetryAfterSeconds() const;

 private:
  void SetRunnable(bool runnable) PANO_REQUIRES(mu_);

  const Clock& clock_;
  const int64_t queue_max_;

  mutable Mutex mu_;
  CondVar left_;
  Stats stats_ PANO_GUARDED_BY(mu_);
  std::unordered_set<std::string> ids_ PANO_GUARDED_BY(mu_);
  int64_t waiting_ PANO_GUARDED_BY(mu_) = 0;
  int64_t rejections_ PANO_GUARDED_BY(mu_) = 0;
  bool draining_ PANO_GUARDED_BY(mu_) = false;
  bool runnable_ PANO_GUARDED_BY(mu_) = false;
  TimePoint progress_at_ PANO_GUARDED_BY(mu_){};
  std::deque<double> completions_ PANO_GUARDED_BY(mu_);   // busy seconds at the last ones
};

}  // namespace pano::engine
