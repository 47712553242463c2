#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/serving/stats.h"

namespace pano::serving {

// Weighted fair sharing by served tokens: the virtual token counter of Sheng et al., "Fairness in Serving
// Large Language Models" (OSDI'24), with weights. Each tenant has a counter of the tokens that it was
// served, an input token as 1 and an output token as 2, divided by its weight; who has waiting work and
// the smallest counter is served next. A tenant that comes with work after it had none is lifted: what it
// did not ask for then is not owed to it, but for a credit.
//
// Bound (the paper's theorem 4.4, with the credit added): while two tenants both have more work than they
// are given, in any interval the services that they get, divided by their weights, differ by at most
// 2 * max(U, 2 * credit), where U is what one step can serve one tenant; U and credit divided by the least
// weight. So nobody starves: a tenant with work is passed over for at most that much of another's service.
// The credit is what lets a tenant that uses less than its share have its bursts served at once beside one
// that floods; none is ever further behind than twice of it, so no old claim can be saved up.
//
// Thread-compatible. Tenants without work are forgotten, the longest idle first, beyond `tenants_max`.
class FairShare {
 public:
  static constexpr double kInputCost = 1;   // the paper's w_p
  static constexpr double kOutputCost = 2;  // and w_q
  static constexpr double kCredit = 2048;   // in input tokens, at weight 1
  static constexpr double kWeightMin = 1e-3;
  static constexpr double kWeightMax = 1e6;

  explicit FairShare(double credit = kCredit, size_t tenants_max = 1024)
      : credit_(credit), tenants_max_(tenants_max) {}

  // A request of the tenant comes in, or is done. The weight is the one said last.
  void Enter(const std::string& tenant, double weight);
  void Leave(const std::string& tenant);
  // It was served these tokens (cached ones cost nothing). REQUIRES: it has entered requests. The work does not
  // grow with the number of tenants.
  void Charge(const std::string& tenant, const TokenCounts& tokens);

  struct Tenant {
    double counter = 0;  // virtual tokens
    double weight = 1;
    int64_t requests = 0;    // that are in
    uint64_t left = 0;       // when its last request left: larger is later
  };
  // One that has requests in. The reference holds until its last request leaves; its counter is as of the last
  // call of this, for whichever tenant.
  const Tenant& at(const std::string& tenant);
  // With requests in.
  size_t active() const { return active_; }
  double total_weight() const;  // of these

 private:
  void Forget();
  // Raises the counters of those that are further behind than they may be: what charges since the last time
  // have left to do, once for all of them.
  void Settle();
  double Floor(const Tenant& tenant) const { return *highest_ - 2 * credit_ / tenant.weight; }

  const double credit_;
  const size_t tenants_max_;
  std::map<std::string, Tenant> tenants_;
  size_t active_ = 0;
  double last_counter_ = 0;  // of the tenant that was the last to leave
  std::optional<double> highest_;  // counter that was charged since the last Settle, while there were others
  uint64_t lefts_ = 0;
};

// What waits, or runs, as the order sees it.
struct ShareItem {
  const FairShare::Tenant* tenant = nullptr;
  double cost = 0;           // of serving it, in input tokens
  int32_t priority = 0;      // within its tenant: a smaller one is earlier
  TimePoint arrived = {};
};

// The order in which items are served: again and again the first of the tenant with the smallest counter,
// which then has its cost on top (divided by the weight). Within a tenant by arrival, where a step of
// priority is as good as kPrioritySpan of waiting, so that nothing waits for ever behind what is more
// urgent. A pure function; among equals the earlier index is first. Answers indices into `items`.
inline constexpr Duration kPrioritySpan = std::chrono::seconds(1);
std::vector<size_t> FairOrder(std::span<const ShareItem> items);

// What a tenant's rows would do in the next step, if it had it alone: rows that decode, and tokens of
// inputs.
struct StepDemand {
  const FairShare::Tenant* tenant = nullptr;
  int64_t decodes = 0;
  int64_t input_tokens = 0;
};

// How many tokens the tenant that would be served most, if all had what they want, may have in the next
// step, beside those of the others: its own share, by how far its counter is behind theirs, and what slows them down by little,
// kSurplus of the step's cost. `fixed_tokens`: what a step costs beside its tokens, in tokens. Without
// others: `alone_tokens`, 0 for as many as there are. A pure function.
struct StepLimit {
  const FairShare::Tenant* tenant = nullptr;  // null: there is no limit
  int64_t tokens = 0;                         // at least 1
};
inline constexpr double kSurplus = 0.1;
StepLimit LimitStep(std::span<const StepDemand> demands, double fixed_tokens, int64_t alone_tokens);
// For `alone_tokens` while others were there a moment ago: a step stays short for when they come back, and what it
// costs beside its tokens is a fifth of it.
int64_t StandbyTokens(double fixed_tokens);

}  // namespace pano::serving
