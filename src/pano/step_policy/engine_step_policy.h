#pragma once

#include "infra/sim/serve_plan.h"
#include "infra/sim/step_policy.h"
#include "model/engine/scheduler.h"
#include "model/serving/continuous_batch_policy.h"

namespace pano::step_policy {

// What the engine's loop decides for a step, for the simulator: the very same code, ContinuousBatchPolicy within
// DecideWithin, then DecideStep. Of one tenant, without drafts; what a prefix cache has stands beside the blocks that are counted. Confined to the
// simulation's thread.
class EngineStepPolicy final : public sim::StepPolicy {
 public:
  explicit EngineStepPolicy(const sim::ServePlan& plan);
  int64_t block_tokens() const override;
  int64_t candidates_max() const override { return 32; }  // as the engine's loop
  sim::StepPlan Decide(const sim::ReplicaView& view) const override;

 private:
  engine::SchedulerLimits limits_;
  serving::ContinuousBatchPolicy policy_;
};

}  // namespace pano::step_policy
