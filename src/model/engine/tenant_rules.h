#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.h"
#include "model/engine/snapshot.h"
#include "model/serving/fair_share.h"
#include "model/serving/step_cost.h"

namespace pano::engine {

// Among tenants that compete: who stands where, who may run how much, who makes room for whom; and how many tokens of a
// step one that floods may have. What was served, and what steps cost, is told to it. Decides by what it is given alone, so that
// a simulator runs the same rules. Confined to the thread of the loop that owns it.
class TenantRules {
 public:
  using Tenant = serving::FairShare::Tenant;

  explicit TenantRules(int64_t step_tokens_max) : step_tokens_max_(step_tokens_max) {}

  serving::FairShare& share() { return share_; }
  const serving::StepCost& cost() const { return cost_; }
  void Observe(int64_t tokens, double seconds) { cost_.Observe(tokens, seconds); }
  bool competes() const { return share_.active() > 1; }

  // Indices of those that run, by their tenants, the oldest request first: with several tenants round by round, each one's oldest,
  // then each one's next.
  std::vector<size_t> OrderRunning(std::span<const Tenant* const> running) const;
  // Who of the snapshot may be displaced by its first waiting sequence: by a tenant's share of those that run, by
  // weight among the tenants that have requests; at least one.
  void SetShares(std::span<const Tenant* const> running, std::span<const Tenant* const> waiting,
                 Snapshot& snapshot) const;

  struct Limited {
    int64_t inputs = std::numeric_limits<int64_t>::max();  // tokens of inputs that the step may have
    int64_t decodes = 0;  // rows of the flooding tenant, which nobody else's inputs have to spare
    std::vector<size_t> dropped = {};  // of the snapshot's waiting sequences, no longer in it; the last one first
  };
  // Defers what a flooding tenant has beyond its limit. `admission_blocked`: in the last step those that waited could
  // not be admitted.
  Limited LimitFlood(TimePoint now, std::span<const Tenant* const> running,
                     std::span<const Tenant* const> waiting, bool admission_blocked,
                     Snapshot& snapshot);

 private:
  // How many tokens a tenant that is alone may have in a step, so that one that comes back does not wait for a
  // long one: few while others were there just now, what a short step has while they were there lately; nothing:
  // as many as there are.
  std::optional<int64_t> AloneTokens(TimePoint now) const;

  const int64_t step_tokens_max_;
  serving::FairShare share_;
  serving::StepCost cost_;
  std::optional<TimePoint> contended_at_;  // when several tenants had requests, last
};

}  // namespace pano::engine
