#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "model/batch/batching.h"
#include "model/batch/job.h"
#include "model/serving/end_reason.h"
#include "model/serving/fair_share.h"
#include "model/serving/wakeup.h"

namespace pano::batch {

// What waits for a batch, by priority level and within a level by arrival: in each Batching::kAgingSpan of waiting a
// request rises by a level, so after as many of them as its level has above it only those that came before it are
// served before it. Where several tenants wait, by their fair order (serving::FairShare), in which what is taken is charged to its tenant. How much may wait in all is
// decided before (serving::Ledger), how much of one level here. Anybody may enter and cancel, which wakes
// the loop; only the loop takes. Thread-safe.
class JobQueue {
 public:
  // Items that a policy sees at once; no batch is larger.
  static constexpr size_t kItemsMax = 1024;

  explicit JobQueue(serving::Wakeup& wakeup) : wakeup_(wakeup) {}  // outlives it

  // Levels and queue policies, for what enters from now on.
  void SetBatching(const Batching& batching);

  // The level of a request with this `priority` (0: it names none), which has room in its queue. A place
  // is taken: Enter or GiveUpPlace follows. InvalidArgument where there is no such level, Exhausted where
  // the level's queue is full.
  Result<int64_t> TakePlace(int64_t priority);
  void GiveUpPlace(int64_t level);
  // `timeout`: the request's own for waiting, where its level's policy lets it have one.
  void Enter(JobPtr job, int64_t level = 0, std::optional<Duration> timeout = {});

  // Cancels the waiting job of this id, if there is one.
  void Cancel(const std::string& id);
  // A job that has units left and ends nevertheless; no reason: its failure was reported.
  struct Over {
    JobPtr job;
    std::optional<serving::EndReason> reason;
    bool queue_timeout = false;  // kDeadline: it waited longer than its level's policy allows
  };
  // Takes these out: the cancelled, the late at `now`, those that failed with an earlier unit; all
  // if `shutdown`. Those whose policy says so go to the end instead. Those that have waited rise.
  std::vector<Over> TakeOver(TimePoint now, bool shutdown);
  // The earliest time at which TakeOver has something to do with those that wait.
  std::optional<TimePoint> NextDeadline() const;

  struct View {
    std::vector<serving::WaitingItem> items;
    std::vector<std::string> outputs;  // that all of them want; empty: all
  };
  // The units that may share a batch with the first one, from it on; empty when nothing waits.
  View Oldest();
  // Takes the first `count` of them.
  std::vector<Slice> TakeFirst(size_t count);

 private:
  struct Waiting {
    JobPtr job = {};
    int64_t level = 0;
    int64_t entered = 0;                  // rank at `since`: the level, or behind all of them
    TimePoint since = {};
    int64_t rank = 0;                     // the order now
    std::optional<TimePoint> timeout = {};  // of waiting; only until its first unit is taken
    QueuePolicy::TimeoutAction action = QueuePolicy::TimeoutAction::kReject;
  };
  void Insert(Waiting waiting) PANO_REQUIRES(mu_);
  void Age(TimePoint now) PANO_REQUIRES(mu_);
  void Order() PANO_REQUIRES(mu_);
  void Leave(const Waiting& waiting) PANO_REQUIRES(mu_);

  serving::Wakeup& wakeup_;
  mutable Mutex mu_;
  Batching batching_ PANO_GUARDED_BY(mu_);
  std::deque<Waiting> waiting_ PANO_GUARDED_BY(mu_);          // by rank, then as they came; all have units left
  serving::FairShare share_ PANO_GUARDED_BY(mu_);             // among those that wait
  std::map<int64_t, int64_t> in_level_ PANO_GUARDED_BY(mu_);  // how many wait; absent: none
};

}  // namespace pano::batch
