#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/batch/job.h"

namespace pano::batch {

// What waits for a batch, and how the loop is woken. How much may wait is decided before (the
// ledger). Anybody may enter and wake, only the loop takes. Thread-safe.
class JobQueue {
 public:
  // Items that a policy sees at once; no batch is larger.
  static constexpr size_t kItemsMax = 1024;

  void Enter(JobPtr job);
  void Wake();
  // Nothing more will come: no batch needs to wait for company.
  void StartDraining();
  // The loop is to end everything that is there.
  void CancelAll();
  void Stop();

  struct Signals {
    bool draining = false;
    bool cancel_all = false;
    bool stop = false;
  };
  // The loop looks now: what comes from here on wakes it again.
  Signals Look();
  // Takes out the jobs with units left that are cancelled or late at `now`; all of them if `all`.
  std::vector<JobPtr> TakeOver(TimePoint now, bool all);
  // The earliest deadline of those that wait.
  std::optional<TimePoint> NextDeadline() const;

  struct View {
    std::vector<WaitingItem> items;
    std::vector<std::string> outputs;  // that all of them want; empty: all
  };
  // The units that may share a batch with the oldest one, from it on; empty when nothing waits.
  View Oldest() const;
  // Takes the first `count` of them.
  std::vector<Slice> TakeFirst(size_t count);

  // Until something happened since the last Look, or `until` has come by `clock`.
  void Wait(const Clock& clock, std::optional<TimePoint> until);

 private:
  void WakeLocked() PANO_REQUIRES(mu_);

  mutable Mutex mu_;
  CondVar changed_;
  std::deque<JobPtr> waiting_ PANO_GUARDED_BY(mu_);  // by arrival; all have units left
  bool woken_ PANO_GUARDED_BY(mu_) = false;
  Signals signals_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::batch
