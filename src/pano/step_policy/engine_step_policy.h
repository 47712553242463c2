#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "infra/sim/serve_plan.h"
#include "infra/sim/step_policy.h"
#include "model/engine/scheduler.h"
#include "model/engine/tenant_rules.h"
#include "model/serving/continuous_batch_policy.h"

namespace pano::step_policy {

// What the engine's loop decides for a step, for the simulator: the very same code, among tenants that compete FairOrder and
// TenantRules, then ContinuousBatchPolicy within DecideWithin, then DecideStep. Without drafts and slow readers; what a prefix cache has stands
// beside the blocks that are counted; replicas share one account of what tenants were served, as they share the queue. Confined to the
// simulation's thread.
class EngineStepPolicy final : public sim::StepPolicy {
 public:
  // `tenants`: names, by the trace's numbers; their weights are the plan's.
  explicit EngineStepPolicy(const sim::ServePlan& plan, std::vector<std::string> tenants = {});
  int64_t block_tokens() const override;
  int64_t candidates_max() const override { return 32; }  // as the engine's loop
  sim::StepPlan Decide(const sim::ReplicaView& view) override;
  void Enter(int32_t tenant) override;
  void Leave(int32_t tenant) override;
  void Serve(int32_t tenant, int64_t inputs, int64_t outputs) override;
  void Stepped(int64_t tokens, double seconds) override { rules_.Observe(tokens, seconds); }

 private:
  struct Named {
    std::string name;
    double weight = 1;
    int64_t requests = 0;
  };
  Named& At(int32_t tenant);
  // Who it is, while it has requests in; one place for all where nobody was told to enter.
  const engine::TenantRules::Tenant* Find(int32_t tenant);
  std::vector<size_t> OrderWaiting(const sim::ReplicaView& view);

  const std::vector<std::string> names_;
  const std::map<std::string, double> weights_;
  std::vector<Named> tenants_;
  engine::SchedulerLimits limits_;
  serving::ContinuousBatchPolicy policy_;
  engine::TenantRules rules_;
  const engine::TenantRules::Tenant nobody_ = {};
  bool admission_blocked_ = false;
};

}  // namespace pano::step_policy
