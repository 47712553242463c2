#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "model/serving/batch_policy.h"
#include "model/serving/end_reason.h"
#include "model/serving/ledger.h"
#include "model/serving/observer.h"
#include "model/serving/rejection_reason.h"
#include "model/serving/wakeup.h"

namespace pano::serving {

// What the two sides of a service share: callers' threads, which submit, and the loop's, which
// computes. Owned by the service; outlives its loop. Functions say which side they are for.
class Core {
 public:
  // `clock` and the observer's handles outlive it.
  Core(Clock& clock, int64_t queue_max, const Observer& observer,
       std::unique_ptr<BatchPolicy> policy);
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Any thread.
  Clock& clock() const { return clock_; }
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }
  Wakeup& wakeup() { return *wakeup_; }
  // For answers, which may outlive the service.
  const std::shared_ptr<Wakeup>& shared_wakeup() const { return wakeup_; }
  // As Ledger::Enter; a refusal is counted.
  Status Enter(const std::string& id, const std::string& tenant,
               std::optional<TimePoint> deadline = {}, int64_t input_tokens = 0);
  // Counts a request that the service refused for a reason of its own.
  void CountRejection(RejectionReason reason);
  // As Service::Drain.
  bool Drain(Duration timeout);

  // The loop's thread. What it counts is seen by others from the next Publish on.
  BatchPolicy& policy() { return *policy_; }
  LoopStats& stats() { return stats_; }
  // The request's first step is about to be made; it has waited so long.
  void Begin(const std::string& id, Duration waited);
  // A step was made. The policy learns of it.
  void CountStep(const BatchOutcome& outcome);
  void CountEnd(EndReason reason);
  // As Ledger::Publish.
  void Publish(bool runnable, bool stepped) { ledger_.Publish(stats_, runnable, stepped); }

 private:
  // Constant after construction.
  Clock& clock_;
  const Observer observer_;
  const std::shared_ptr<Wakeup> wakeup_;

  Ledger ledger_;

  // The loop's.
  const std::unique_ptr<BatchPolicy> policy_;
  LoopStats stats_;
};

}  // namespace pano::serving
