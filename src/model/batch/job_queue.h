#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "model/batch/job.h"
#include "model/serving/end_reason.h"
#include "model/serving/wakeup.h"

namespace pano::batch {

// What waits for a batch. How much may wait is decided before (serving::Ledger). Anybody may enter
// and cancel, which wakes the loop; only the loop takes. Thread-safe.
class JobQueue {
 public:
  // Items that a policy sees at once; no batch is larger.
  static constexpr size_t kItemsMax = 1024;

  explicit JobQueue(serving::Wakeup& wakeup) : wakeup_(wakeup) {}  // outlives it

  void Enter(JobPtr job);
  // Cancels the waiting job of this id, if there is one.
  void Cancel(const std::string& id);
  // A job that has units left and ends nevertheless; no reason: its failure was reported.
  struct Over {
    JobPtr job;
    std::optional<serving::EndReason> reason;
  };
  // Takes these out: the cancelled, the late at `now`, those that failed with an earlier unit; all
  // if `shutdown`.
  std::vector<Over> TakeOver(TimePoint now, bool shutdown);
  // The earliest deadline of those that wait.
  std::optional<TimePoint> NextDeadline() const;

  struct View {
    std::vector<serving::WaitingItem> items;
    std::vector<std::string> outputs;  // that all of them want; empty: all
  };
  // The units that may share a batch with the oldest one, from it on; empty when nothing waits.
  View Oldest() const;
  // Takes the first `count` of them.
  std::vector<Slice> TakeFirst(size_t count);

 private:
  serving::Wakeup& wakeup_;
  mutable Mutex mu_;
  std::deque<JobPtr> waiting_ PANO_GUARDED_BY(mu_);  // by arrival; all have units left
};

}  // namespace pano::batch
