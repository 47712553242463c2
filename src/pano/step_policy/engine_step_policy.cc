#include "pano/step_policy/engine_step_policy.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/strings.h"
#include "model/nn/model.h"
#include "model/serving/batch_policy.h"

namespace pano::step_policy {
namespace {

using Tenant = engine::TenantRules::Tenant;

TimePoint ToTimePoint(sim::Time seconds) {
  return TimePoint(Duration(static_cast<int64_t>(std::llround(std::min(seconds, 9e9) * 1e9))));
}

}  // namespace

EngineStepPolicy::EngineStepPolicy(const sim::ServePlan& plan, std::vector<std::string> tenants)
    : names_(std::move(tenants)), weights_(plan.tenants), policy_({.tokens_max = plan.step_tokens, .prefill_beside_decodes = plan.prefill_beside_decodes}),
      rules_(plan.step_tokens) {
  limits_.step_tokens_max = plan.step_tokens;
  limits_.sequences_max = std::min(plan.max_sequences, plan.step_tokens);
}

int64_t EngineStepPolicy::block_tokens() const { return nn::kBlockTokens; }

EngineStepPolicy::Named& EngineStepPolicy::At(int32_t tenant) {
  while (tenants_.size() <= static_cast<size_t>(tenant)) {
    const size_t i = tenants_.size();
    Named& named = tenants_.emplace_back();
    named.name = i < names_.size() ? names_[i] : StrCat(i);
    const auto found = weights_.find(named.name);
    if (found != weights_.end()) named.weight = found->second;
  }
  return tenants_[static_cast<size_t>(tenant)];
}

void EngineStepPolicy::Enter(int32_t tenant) {
  Named& named = At(tenant);
  ++named.requests;
  rules_.share().Enter(named.name, named.weight);
}

void EngineStepPolicy::Leave(int32_t tenant) {
  Named& named = At(tenant);
  --named.requests;
  rules_.share().Leave(named.name);
}

void EngineStepPolicy::Serve(int32_t tenant, int64_t inputs, int64_t outputs) {
  rules_.share().Charge(At(tenant).name, {.input = inputs, .output = outputs});
}

const Tenant* EngineStepPolicy::Find(int32_t tenant) {
  const Named& named = At(tenant);
  return named.requests > 0 ? &rules_.share().at(named.name) : &nobody_;
}

// Indices of the view's waiting sequences in the order of admission, no more than one step looks at.
std::vector<size_t> EngineStepPolicy::OrderWaiting(const sim::ReplicaView& view) {
  std::vector<size_t> order;
  if (rules_.competes()) {
    std::vector<serving::ShareItem> items;
    for (const sim::WaitingSequence& one : view.waiting) items.push_back({Find(one.tenant), static_cast<double>(one.tokens), 0, ToTimePoint(one.arrived)});
    order = serving::FairOrder(items);
  } else {
    order.resize(view.waiting.size());
    std::iota(order.begin(), order.end(), size_t{0});
  }
  order.resize(std::min(order.size(), static_cast<size_t>(candidates_max())));
  return order;
}

sim::StepPlan EngineStepPolicy::Decide(const sim::ReplicaView& view) {
  std::vector<const Tenant*> running_tenants, waiting_tenants, unordered;
  for (const sim::RunningSequence& running : view.running) unordered.push_back(Find(running.tenant));
  const std::vector<size_t> running_order = rules_.OrderRunning(unordered);
  std::vector<size_t> waiting_order = OrderWaiting(view);
  engine::Snapshot snapshot;
  if (view.limited) snapshot.groups.push_back({.rule = {}, .available = view.blocks_free, .holders = view.holders});
  for (const size_t i : running_order) {
    const sim::RunningSequence& running = view.running[i];
    engine::RunningView one;
    one.tokens = running.tokens;
    one.computed = running.computed;
    if (view.limited) one.blocks.push_back(running.blocks);
    snapshot.running.push_back(std::move(one));
    running_tenants.push_back(unordered[i]);
  }
  for (const size_t i : waiting_order) {
    const sim::WaitingSequence& waiting = view.waiting[i];
    engine::WaitingView one;
    one.tokens = waiting.tokens;
    one.cached_tokens = waiting.cached;
    if (view.limited) one.cached.emplace_back();
    one.arrived = ToTimePoint(waiting.arrived);
    snapshot.waiting.push_back(std::move(one));
    waiting_tenants.push_back(Find(waiting.tenant));
  }
  if (rules_.competes()) rules_.SetShares(running_tenants, waiting_tenants, snapshot);
  const engine::TenantRules::Limited limited =
      rules_.LimitFlood(ToTimePoint(view.now), running_tenants, waiting_tenants, admission_blocked_, snapshot);
  for (const size_t i : limited.dropped) waiting_order.erase(waiting_order.begin() + static_cast<std::ptrdiff_t>(i));
  std::vector<serving::WaitingItem> items;
  serving::BatchSnapshot summary = engine::Summarize(limits_, snapshot, items);
  summary.now = ToTimePoint(view.now);
  summary.capacity.tokens = std::min(summary.capacity.tokens, limited.inputs);
  summary.decoding_rows -= limited.decodes;
  const serving::BatchDecision batch = serving::DecideWithin(policy_, summary);
  const engine::StepDecision decision = engine::DecideStep(limits_, snapshot, batch);
  admission_blocked_ = !waiting_order.empty() && decision.admit.empty();
  sim::StepPlan plan;
  for (const size_t i : decision.preempt) plan.preempt.push_back(running_order[i]);
  for (const engine::Work& work : decision.admit) plan.admit.push_back({waiting_order[work.index], work.tokens});
  for (const engine::Work& work : decision.run) plan.run.push_back({running_order[work.index], work.tokens});
  return plan;
}

}  // namespace pano::step_policy
