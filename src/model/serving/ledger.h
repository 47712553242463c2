#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "model/serving/progress.h"
#include "model/serving/retry_estimator.h"
#include "model/serving/stats.h"
#include "model/serving/step_cost.h"
#include "model/serving/tenant_accounts.h"

namespace pano::serving {

// What a service's loop counts, for Ledger::Publish. Totals grow from the loop's start.
struct LoopStats {
  int64_t running_rows = 0;
  int64_t steps = 0;
  int64_t cancellations = 0;
  TokenCounts tokens = {};
  double busy_seconds = 0;  // that steps have taken
  StepCost cost = {};       // of late steps
};

// Who is in a service, and what everybody may know of it: the bounded queue with its refusals,
// draining, the figures that the loop published last, progress, the tenants' accounts. Callers'
// threads enter requests, the loop's begins and ends them. Thread-safe.
class Ledger {
 public:
  // `clock` outlives it. `queue_max`: requests that wait; one more is refused.
  Ledger(Clock& clock, int64_t queue_max, size_t tenants_max = TenantAccounts::kTenantsMax)
      : clock_(clock), queue_max_(queue_max), tenants_(tenants_max) {}

  // A request comes in and waits. Unavailable when draining, Exhausted when the queue is full,
  // AlreadyExists when a request with its id is in; the first two count as rejections.
  // Deadline, with the reason serving::kDeadlineCannotBeMet, when it will hardly be answered before
  // `deadline`, as those before it in the queue advance and as long as its own `input_tokens` take.
  Status Enter(const std::string& id, const std::string& tenant = "",
               std::optional<TimePoint> deadline = {}, int64_t input_tokens = 0);
  // A request was refused for a reason of its own.
  void CountRejection();
  // Its first step is about to be made: it leaves the queue. REQUIRES: it is in and waits.
  void Begin(const std::string& id);
  // Tokens that the request has cost or given since the last call. REQUIRES: it is in.
  void AddTokens(const std::string& id, const TokenCounts& tokens);
  // It is done, whether it was begun or not. REQUIRES: it is in.
  void Leave(const std::string& id);

  // From now on requests are refused.
  void StartDraining();
  // Refuses requests and waits until all have left or `timeout` has passed by the clock; then calls
  // `cancel_all`, which must have the loop end what is left, and waits for that. Whether it was not
  // called.
  bool Drain(Duration timeout, const std::function<void()>& cancel_all);
  bool empty() const;

  // The loop's figures. `runnable`: it has work that waits for nobody outside. `stepped`: it has
  // just made a step.
  void Publish(const LoopStats& stats, bool runnable, bool stepped);

  Stats Get() const;
  std::vector<TenantStats> GetTenants() const;
  // See Service.
  int64_t RetryAfterSeconds() const;

 private:
  struct Entry {
    TenantAccounts::Account& account;
    bool begun = false;
  };
  Entry& Find(const std::string& id) PANO_REQUIRES(mu_);
  double OwnSeconds(int64_t input_tokens) const PANO_REQUIRES(mu_);
  // Whether nobody was in before `until`.
  bool WaitUntilEmpty(TimePoint until);

  Clock& clock_;
  const int64_t queue_max_;

  mutable Mutex mu_;
  CondVar left_;
  std::unordered_map<std::string, Entry> entries_ PANO_GUARDED_BY(mu_);
  int64_t waiting_ PANO_GUARDED_BY(mu_) = 0;
  int64_t rejections_ PANO_GUARDED_BY(mu_) = 0;
  bool draining_ PANO_GUARDED_BY(mu_) = false;
  LoopStats loop_ PANO_GUARDED_BY(mu_);
  Progress progress_ PANO_GUARDED_BY(mu_);
  RetryEstimator retry_ PANO_GUARDED_BY(mu_);
  TenantAccounts tenants_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::serving
