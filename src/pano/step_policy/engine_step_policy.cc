#include "pano/step_policy/engine_step_policy.h"

#include <algorithm>
#include <cmath>

#include "model/nn/model.h"
#include "model/serving/batch_policy.h"

namespace pano::step_policy {
namespace {

TimePoint ToTimePoint(sim::Time seconds) {
  return TimePoint(Duration(static_cast<int64_t>(std::llround(std::min(seconds, 9e9) * 1e9))));
}

}  // namespace

EngineStepPolicy::EngineStepPolicy(const sim::ServePlan& plan)
    : policy_({.tokens_max = plan.step_tokens, .prefill_beside_decodes = plan.prefill_beside_decodes}) {
  limits_.step_tokens_max = plan.step_tokens;
  limits_.sequences_max = std::min(plan.max_sequences, plan.step_tokens);
}

int64_t EngineStepPolicy::block_tokens() const { return nn::kBlockTokens; }

sim::StepPlan EngineStepPolicy::Decide(const sim::ReplicaView& view) const {
  engine::Snapshot snapshot;
  if (view.limited) snapshot.groups.push_back({.rule = {}, .available = view.blocks_free, .holders = view.holders});
  for (const sim::RunningSequence& running : view.running) {
    engine::RunningView one;
    one.tokens = running.tokens;
    one.computed = running.computed;
    if (view.limited) one.blocks.push_back(running.blocks);
    snapshot.running.push_back(std::move(one));
  }
  for (const sim::WaitingSequence& waiting : view.waiting) {
    engine::WaitingView one;
    one.tokens = waiting.tokens;
    one.cached_tokens = waiting.cached;
    if (view.limited) one.cached.emplace_back();
    one.arrived = ToTimePoint(waiting.arrived);
    snapshot.waiting.push_back(std::move(one));
  }
  std::vector<serving::WaitingItem> items;
  serving::BatchSnapshot summary = engine::Summarize(limits_, snapshot, items);
  summary.now = ToTimePoint(view.now);
  const serving::BatchDecision batch = serving::DecideWithin(policy_, summary);
  const engine::StepDecision decision = engine::DecideStep(limits_, snapshot, batch);
  sim::StepPlan plan;
  plan.preempt = decision.preempt;
  for (const engine::Work& work : decision.admit) plan.admit.push_back({work.index, work.tokens});
  for (const engine::Work& work : decision.run) plan.run.push_back({work.index, work.tokens});
  return plan;
}

}  // namespace pano::step_policy
