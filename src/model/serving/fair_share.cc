#include "model/serving/fair_share.h"

#include <algorithm>
#include <cmath>
#include <queue>
#include <tuple>

#include "base/check.h"

namespace pano::serving {

void FairShare::Settle() {
  if (!highest_) return;
  for (auto& [name, tenant] : tenants_) {
    if (tenant.requests > 0) tenant.counter = std::max(tenant.counter, Floor(tenant));
  }
  highest_.reset();
}

void FairShare::Enter(const std::string& tenant, double weight) {
  Settle();
  const bool known = tenants_.contains(tenant);
  Tenant& entered = tenants_[tenant];
  entered.weight = std::clamp(weight, kWeightMin, kWeightMax);
  if (entered.requests++ > 0) return;
  // The lift. Whoever is active keeps within the credit of whoever was served most (Charge), so
  // the least of them is all that a newcomer has to be compared with.
  double least = last_counter_;
  bool first = true;
  for (const auto& [name, other] : tenants_) {
    if (&other == &entered || other.requests == 0) continue;
    least = first ? other.counter : std::min(least, other.counter);
    first = false;
  }
  const double lifted = least - credit_ / entered.weight;
  entered.counter = known ? std::max(entered.counter, lifted) : std::max(0.0, lifted);
  ++active_;
}

void FairShare::Leave(const std::string& tenant) {
  const auto found = tenants_.find(tenant);
  PANO_CHECK(found != tenants_.end() && found->second.requests > 0);
  if (found->second.requests == 1) Settle();
  if (--found->second.requests > 0) return;
  last_counter_ = found->second.counter;
  found->second.left = ++lefts_;
  --active_;
  if (tenants_.size() > tenants_max_) Forget();
}

void FairShare::Forget() {
  auto oldest = tenants_.end();
  for (auto it = tenants_.begin(); it != tenants_.end(); ++it) {
    if (it->second.requests > 0) continue;
    if (oldest == tenants_.end() || it->second.left < oldest->second.left) oldest = it;
  }
  if (oldest != tenants_.end()) tenants_.erase(oldest);
}

void FairShare::Charge(const std::string& tenant, const TokenCounts& tokens) {
  const auto found = tenants_.find(tenant);
  PANO_CHECK(found != tenants_.end() && found->second.requests > 0);
  Tenant& served = found->second;
  if (highest_) served.counter = std::max(served.counter, Floor(served));
  served.counter += (kInputCost * static_cast<double>(tokens.input) +
                     kOutputCost * static_cast<double>(tokens.output)) /
                    served.weight;
  if (active_ >= 2) highest_ = std::max(highest_.value_or(served.counter), served.counter);
}

const FairShare::Tenant& FairShare::at(const std::string& tenant) {
  Settle();
  const auto found = tenants_.find(tenant);
  PANO_CHECK(found != tenants_.end() && found->second.requests > 0);
  return found->second;
}

double FairShare::total_weight() const {
  double total = 0;
  for (const auto& [name, tenant] : tenants_) total += tenant.requests > 0 ? tenant.weight : 0;
  return total;
}

std::vector<size_t> FairOrder(std::span<const ShareItem> items) {
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  auto urgency = [&](size_t i) {
    return items[i].arrived.time_since_epoch() + items[i].priority * kPrioritySpan;
  };
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return urgency(a) < urgency(b); });

  // Each tenant's own line, in the order of its first item.
  std::vector<std::vector<size_t>> lines;
  std::map<const FairShare::Tenant*, size_t> line_of;
  for (const size_t i : order) {
    const auto [it, fresh] = line_of.try_emplace(items[i].tenant, lines.size());
    if (fresh) lines.emplace_back();
    lines[it->second].push_back(i);
  }
  if (lines.size() <= 1) return order;
  // (counter, line, place in the line): the least is next.
  using Head = std::tuple<double, size_t, size_t>;
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  for (size_t line = 0; line < lines.size(); ++line) {
    heads.emplace(items[lines[line][0]].tenant->counter, line, 0);
  }
  order.clear();
  while (!heads.empty()) {
    auto [counter, line, place] = heads.top();
    heads.pop();
    const ShareItem& item = items[lines[line][place]];
    order.push_back(lines[line][place]);
    if (++place < lines[line].size()) {
      heads.emplace(counter + item.cost / item.tenant->weight, line, place);
    }
  }
  return order;
}

namespace {

constexpr double kStepTokensMax = 1 << 24;

}  // namespace

int64_t StandbyTokens(double fixed_tokens) {
  return static_cast<int64_t>(std::clamp(4 * fixed_tokens, 8.0, kStepTokensMax));
}

StepLimit LimitStep(std::span<const StepDemand> demands, double fixed_tokens, int64_t alone_tokens) {
  // Where its counter would be, if it had all that it wants.
  auto finish = [](const StepDemand& demand) {
    return demand.tenant->counter +
           (FairShare::kOutputCost * static_cast<double>(demand.decodes) +
            FairShare::kInputCost * static_cast<double>(demand.input_tokens)) /
               demand.tenant->weight;
  };
  const StepDemand* most = nullptr;
  for (const StepDemand& demand : demands) {
    if (!most || finish(demand) > finish(*most)) most = &demand;
  }
  if (!most) return {};
  double others = 0;  // tokens
  double last = -1;   // counter of the last of their tokens in this step
  for (const StepDemand& demand : demands) {
    const double tokens = static_cast<double>(demand.decodes + demand.input_tokens);
    if (&demand == most || tokens == 0) continue;
    others += tokens;
    const double rows = static_cast<double>(std::max<int64_t>(demand.decodes, 1));
    last = std::max(last, demand.tenant->counter +
                              (rows - 1) * FairShare::kOutputCost / demand.tenant->weight);
  }
  if (others == 0) {
    if (alone_tokens == 0) return {};
    return {most->tenant, alone_tokens};
  }
  const double behind = std::max(0.0, last - most->tenant->counter) * most->tenant->weight;
  const double cost = most->decodes > 0 ? FairShare::kOutputCost : FairShare::kInputCost;
  const double share = std::min(kStepTokensMax, behind / cost);
  const double surplus = std::max(1.0, kSurplus * (fixed_tokens + others + std::floor(share)));
  return {most->tenant, static_cast<int64_t>(share) + static_cast<int64_t>(surplus)};
}

}  // namespace pano::serving
