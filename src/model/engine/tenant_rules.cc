#include "model/engine/tenant_rules.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

namespace pano::engine {

std::vector<size_t> TenantRules::OrderRunning(std::span<const Tenant* const> running) const {
  std::vector<size_t> order(running.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (!competes()) return order;
  std::unordered_map<const Tenant*, double> rounds;
  std::vector<double> places;  // how many of its tenant stand before it, by weight
  for (const Tenant* tenant : running) {
    double& round = rounds[tenant];
    places.push_back(round);
    round += 1 / tenant->weight;
  }
  std::ranges::stable_sort(order, [&](size_t a, size_t b) {
    return places[a] != places[b] ? places[a] < places[b]
                                  : running[a]->counter < running[b]->counter;
  });
  return order;
}

void TenantRules::SetShares(std::span<const Tenant* const> running,
                            std::span<const Tenant* const> waiting, Snapshot& snapshot) const {
  const double places = static_cast<double>(running.size()) + 1;
  const double total_weight = share_.total_weight();
  auto share_of = [&](const Tenant& tenant) {
    return std::max<int64_t>(1, static_cast<int64_t>(places * tenant.weight / total_weight));
  };
  std::unordered_map<const Tenant*, int64_t> counts;
  for (size_t i = 0; i < running.size(); ++i) {
    snapshot.running[i].displaceable = ++counts[running[i]] > share_of(*running[i]);
  }
  if (waiting.empty()) return;
  snapshot.waiting[0].may_displace = counts[waiting[0]] < share_of(*waiting[0]);
}

std::optional<int64_t> TenantRules::AloneTokens(TimePoint now) const {
  constexpr Duration kStandby = std::chrono::seconds(5), kWatch = std::chrono::minutes(10);
  constexpr double kWatchStepSeconds = 0.05;
  if (!contended_at_ || now - *contended_at_ > kWatch) return std::nullopt;
  const int64_t standby = serving::StandbyTokens(cost_.fixed_tokens());
  if (now - *contended_at_ <= kStandby) return standby;
  const int64_t watch = cost_.TokensWithin(kWatchStepSeconds);
  if (watch == 0) return std::nullopt;
  return std::max(standby, watch);
}

TenantRules::Limited TenantRules::LimitFlood(TimePoint now, std::span<const Tenant* const> running,
                                             std::span<const Tenant* const> waiting,
                                             bool admission_blocked, Snapshot& snapshot) {
  if (competes()) contended_at_ = now;
  const std::optional<int64_t> alone = AloneTokens(now);
  if (!alone) return {};

  std::vector<serving::StepDemand> demands;
  auto demand_of = [&](const Tenant* tenant) -> serving::StepDemand& {
    auto found = std::ranges::find(demands, tenant, &serving::StepDemand::tenant);
    if (found == demands.end()) found = demands.insert(found, serving::StepDemand{tenant});
    return *found;
  };
  auto is_decode = [](const RunningView& view) { return view.tokens - view.computed == 1; };
  for (size_t i = 0; i < running.size(); ++i) {
    const RunningView& view = snapshot.running[i];
    if (view.paused) continue;
    serving::StepDemand& demand = demand_of(running[i]);
    if (is_decode(view)) ++demand.decodes;
    else demand.input_tokens += std::min(view.tokens - view.computed, step_tokens_max_);
  }
  // Who cannot be admitted needs no room in this step, but that others end soon.
  for (size_t i = 0; i < waiting.size() && !admission_blocked; ++i) {
    const WaitingView& view = snapshot.waiting[i];
    demand_of(waiting[i]).input_tokens += std::min(view.tokens - view.cached_tokens, step_tokens_max_);
  }
  const serving::StepLimit limit =
      serving::LimitStep(demands, cost_.fixed_tokens(), competes() ? 0 : *alone);
  if (!limit.tenant) return {};

  int64_t left = limit.tokens;
  for (const bool decodes : {true, false}) {
    for (size_t i = 0; i < running.size(); ++i) {
      RunningView& view = snapshot.running[i];
      if (view.paused || is_decode(view) != decodes || running[i] != limit.tenant) continue;
      view.deferred = left <= 0;
      if (decodes && left > 0) --left;
    }
  }
  Limited result;
  result.inputs = left;
  if (left <= 0) {
    for (size_t i = waiting.size(); i > 0; --i) {
      if (waiting[i - 1] != limit.tenant) continue;
      result.dropped.push_back(i - 1);
      snapshot.waiting.erase(snapshot.waiting.begin() + static_cast<std::ptrdiff_t>(i - 1));
    }
  }
  for (const serving::StepDemand& demand : demands) {
    if (demand.tenant != limit.tenant) result.inputs += demand.input_tokens;
  }
  if (competes()) result.decodes = limit.tokens - left;
  return result;
}

}  // namespace pano::engine
