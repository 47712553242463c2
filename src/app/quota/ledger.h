#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/quota/admission.h"
#include "app/quota/limits.h"
#include "app/quota/rate_limit_headers.h"
#include "app/quota/shared_usage.h"
#include "app/quota/usage_journal.h"
#include "app/quota/usage_table.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"

namespace pano::quota {

// Reasons of refusals (Status::reason).
inline constexpr char kRateLimitExceeded[] = "rate_limit_exceeded";  // Exhausted: later it is taken
inline constexpr char kQuotaZero[] = "quota_zero";                   // PermissionDenied: it never is

// Who asks: a principal's tenant, and its key, client or subject; "" = none.
struct Caller {
  std::string_view tenant;
  std::string_view key;
};

// What a request will use, as far as is known before.
struct Demand {
  int64_t prompt_tokens = 0;
  // Of all its choices together, as the request bounds them. Where it does not, kOutputGuess a choice
  // is counted until it is done.
  static constexpr int64_t kOutputGuess = 256;
  int64_t output_tokens = 0;
};

class QuotaLedger;

// A request that was taken: settled once, with what it used. If nobody does, its estimate stands.
// Move-only; thread-compatible. Keeps its ledger alive.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { End(); }

  // It used so many tokens in all. Never waits.
  void Settle(int64_t tokens);
  // It was not begun: as if it had not been asked for. Never waits.
  void Cancel();

 private:
  friend class QuotaLedger;
  struct Open {
    std::vector<Claim> claims;
    std::vector<int64_t> slots;  // by window
    int64_t tokens = 0;          // that were estimated
    int64_t began_ms = 0;
    std::optional<SharedUsage::Taken> shared;
  };
  void End();

  std::shared_ptr<QuotaLedger> ledger_;  // null: nothing to settle
  Open open_;
};

// Decides whether a request is taken, by the limits of its tenant, of its key and of the model within
// the tenant, and counts what requests use. Thread-safe.
//
// Where usage is kept: in memory, in a journal beside it (of which Admit waits for its own change, so
// that what was answered is counted even if the process is killed), or in a store that servers share.
// When that cannot be asked, the own counts decide, which go on beside it all the time.
class QuotaLedger : public std::enable_shared_from_this<QuotaLedger> {
 public:
  struct Options {
    TenantPolicies policies;
    std::unique_ptr<UsageJournal> journal = {};  // null: usage ends with the process
    std::unique_ptr<SharedUsage> shared = {};    // null: this server only
    size_t subjects_max = UsageTable::kSubjectsMax;
    Duration journal_wait_max = std::chrono::milliseconds(100);
  };
  // `clock` outlives it and everything that was made by it.
  static std::shared_ptr<QuotaLedger> Create(Options options, Clock& clock = Clock::Real());

  struct Admission {
    Status status;  // not ok: refused; Exhausted or PermissionDenied
    int64_t retry_after_seconds = 1;
    Headers headers;  // of the answer; none where the tenant has no limits
    Lease lease;
  };
  // Decides about a request to `model` before its work starts. Waits for a journal or a shared store a
  // bounded time: not for threads of sockets or engines.
  Admission Admit(const Caller& caller, std::string_view model, const Demand& demand);

  // Whether a request can be refused whatever it asks for: the tenant's or key's requests are used up.
  // For threads that must not wait, before a request is read; by this server's own counts. Counts
  // nothing; status and retry_after_seconds are as of Admit for a request of up to `tokens_max`.
  Admission Peek(const Caller& caller, int64_t tokens_max) const;

  // The headers of an answer that used nothing. Never waits.
  Headers Look(const Caller& caller) const;

  // The tenant's share of the machine.
  double Weight(std::string_view tenant) const { return policies()->Of(tenant).weight; }

  // Limits and weights from now on. What was used is kept, and requests that are taken are settled as they
  // were taken.
  void SetPolicies(TenantPolicies policies);

 private:
  friend class Lease;
  QuotaLedger(Options options, Clock& clock);
  std::vector<Claim> ClaimsOf(const Caller& caller, std::string_view model) const;
  std::shared_ptr<const TenantPolicies> policies() const;
  int64_t NowMs() const;
  Status Refuse(const Claim& claim, const Refusal& refusal, int64_t& retry_after_seconds) const;
  // Counts what `open` says, whatever the limits are.
  std::vector<UsageDelta> Count(Lease::Open& open, int64_t now_ms) PANO_REQUIRES(mu_);
  void End(Lease::Open open, std::optional<int64_t> tokens);

  // Constant after construction.
  Clock& clock_;
  const std::unique_ptr<UsageJournal> journal_;
  const std::unique_ptr<SharedUsage> shared_;
  const Duration journal_wait_max_;
  TimePoint started_;
  int64_t started_ms_ = 0;  // the same, since 1970

  mutable Mutex policies_mu_;
  std::shared_ptr<const TenantPolicies> policies_ PANO_GUARDED_BY(policies_mu_);

  mutable Mutex mu_;
  mutable UsageTable usages_ PANO_GUARDED_BY(mu_);
};

}  // namespace pano::quota
