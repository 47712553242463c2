#pragma once

#include <algorithm>

#include "infra/sim/step_policy.h"

namespace pano::sim {

// A policy as simple as can be: everybody who runs computes all of its tokens, and who waits joins whole while there
// is room in `sequences_max`; it knows no memory. Confined to the simulation's thread.
class GreedyStepPolicy final : public StepPolicy {
 public:
  explicit GreedyStepPolicy(size_t sequences_max) : sequences_max_(sequences_max) {}
  int64_t block_tokens() const override { return 16; }
  int64_t candidates_max() const override { return 8; }
  StepPlan Decide(const ReplicaView& view) override {
    StepPlan plan;
    for (size_t i = 0; i < view.running.size(); ++i) plan.run.push_back({i, view.running[i].tokens - view.running[i].computed});
    for (size_t i = 0; i < view.waiting.size() && view.running.size() + i < sequences_max_; ++i) plan.admit.push_back({i, view.waiting[i].tokens - view.waiting[i].cached});
    return plan;
  }

 private:
  const size_t sequences_max_;
};

}  // namespace pano::sim
