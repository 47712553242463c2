#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/api/failure.h"
#include "app/auth/principal.h"
#include "app/http/http.h"
#include "app/quota/ledger.h"

namespace pano::api {

// What a request may be counted for: the ledger, and where refusals are. Immutable.
struct QuotaGate {
  std::shared_ptr<quota::QuotaLedger> ledger;
  // A request to the model of this label ("" = not known yet) was refused for this reason.
  std::function<void(std::string_view model, std::string_view reason)> refused;
};

// One request's way through its caller's quotas: looked at before it is read, taken before its work
// starts, settled with what it used. Without a gate everything is allowed. Confined to one thread at a
// time; Settle may come from any, once.
class QuotaUse {
 public:
  QuotaUse() = default;
  explicit QuotaUse(std::shared_ptr<const QuotaGate> gate) : gate_(std::move(gate)) {}

  // The x-ratelimit headers of an answer to `who` take the place of those in `headers`. Never waits.
  void Look(const auth::Principal& who, http::Headers& headers) const;
  // Whether a request with this body, which was not read yet, cannot be taken whatever it says; never
  // waits.
  Failure Peek(const auth::Principal& who, std::string_view body, http::Headers& headers) const;
  // Takes the request to `model` (its id; `label` in metrics), or says why not. For a thread that may
  // wait a moment.
  Failure Take(const auth::Principal& who, std::string_view model, std::string_view label,
               const quota::Demand& demand, http::Headers& headers);
  // It used so many tokens. Only what was taken is counted.
  void Settle(int64_t tokens) { lease_.Settle(tokens); }
  // It was refused after all.
  void Cancel() { lease_.Cancel(); }

  // The tenant's share of the machine.
  double Weight(std::string_view tenant) const { return gate_ ? gate_->ledger->Weight(tenant) : 1; }

 private:
  std::shared_ptr<const QuotaGate> gate_;  // null: no quotas
  quota::Lease lease_;
};

}  // namespace pano::api
