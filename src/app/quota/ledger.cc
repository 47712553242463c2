#include "app/quota/ledger.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "base/strings.h"

namespace pano::quota {
namespace {

// Subjects' names: a tenant, then what of it, apart by a character that no tenant's name has.
std::string Within(std::string_view tenant, std::string_view kind, std::string_view name) {
  return StrCat(tenant, "\n", kind, "\n", name);
}

// The entry of `name`, else that of "*"; null: none.
const Limits* Find(const std::map<std::string, Limits, std::less<>>& each, std::string_view name) {
  auto found = each.find(name);
  if (found == each.end()) found = each.find("*");
  return found == each.end() ? nullptr : &found->second;
}

// For messages: "tenant 'acme'", "model 'starter' of tenant 'acme'".
std::string Describe(const std::string& subject) {
  const std::vector<std::string_view> parts = Split(subject, '\n');
  const std::string tenant = StrCat("tenant '", Printable(parts[0]), "'");
  if (parts.size() < 3) return tenant;
  return StrCat(parts[1], " '", Printable(parts[2]), "' of ", tenant);
}

}  // namespace

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    End();
    ledger_ = std::move(other.ledger_);
    open_ = std::move(other.open_);
  }
  return *this;
}

void Lease::Settle(int64_t tokens) {
  if (auto ledger = std::exchange(ledger_, nullptr)) ledger->End(std::move(open_), tokens);
}

void Lease::Cancel() {
  if (auto ledger = std::exchange(ledger_, nullptr)) ledger->End(std::move(open_), std::nullopt);
}

void Lease::End() {
  if (ledger_) Settle(open_.tokens);
}

std::shared_ptr<QuotaLedger> QuotaLedger::Create(Options options, Clock& clock) {
  return std::shared_ptr<QuotaLedger>(new QuotaLedger(std::move(options), clock));
}

QuotaLedger::QuotaLedger(Options options, Clock& clock)
    : clock_(clock),
      journal_(std::move(options.journal)),
      shared_(std::move(options.shared)),
      journal_wait_max_(options.journal_wait_max),
      started_(clock.Now()),
      started_ms_(clock.UnixSeconds() * 1000),
      policies_(std::make_shared<const TenantPolicies>(std::move(options.policies))),
      usages_(options.subjects_max) {
  if (!journal_) return;
  MutexLock lock(mu_);
  for (const UsageDelta& delta : journal_->TakeKept(started_ms_)) {
    usages_.Find(delta.subject, started_ms_).usage.of(delta.dimension).Add(delta.slot, delta.amount);
  }
}

std::shared_ptr<const TenantPolicies> QuotaLedger::policies() const {
  MutexLock lock(policies_mu_);
  return policies_;
}

void QuotaLedger::SetPolicies(TenantPolicies policies) {
  auto next = std::make_shared<const TenantPolicies>(std::move(policies));
  MutexLock lock(policies_mu_);
  policies_ = std::move(next);
}

int64_t QuotaLedger::NowMs() const {
  return started_ms_ + (clock_.Now() - started_) / std::chrono::milliseconds(1);
}

std::vector<Claim> QuotaLedger::ClaimsOf(const Caller& caller, std::string_view model) const {
  const std::shared_ptr<const TenantPolicies> policies = this->policies();
  const TenantPolicy& policy = policies->Of(caller.tenant);
  std::vector<Claim> claims;
  if (policy.limits.any()) claims.push_back({std::string(caller.tenant), policy.limits});
  const Limits* key = caller.key.empty() ? nullptr : Find(policy.keys, caller.key);
  if (key && key->any()) claims.push_back({Within(caller.tenant, "key", caller.key), *key});
  const Limits* of_model = model.empty() ? nullptr : Find(policy.models, model);
  if (of_model && of_model->any()) {
    claims.push_back({Within(caller.tenant, "model", model), *of_model});
  }
  return claims;
}

Status QuotaLedger::Refuse(const Claim& claim, const Refusal& refusal,
                           int64_t& retry_after_seconds) const {
  const Standing& standing = refusal.standing;
  const std::string_view what = DimensionWords(standing.dimension);
  if (standing.limit == 0) {
    return Status(StatusCode::kPermissionDenied,
                  StrCat(Describe(claim.subject), " is allowed no ", what))
        .WithReason(kQuotaZero);
  }
  retry_after_seconds = std::max<int64_t>(1, (refusal.wait_ms + 999) / 1000);
  return Status(StatusCode::kExhausted,
                StrCat(Describe(claim.subject), " has used ", standing.used, " of its ", standing.limit,
                       " ", what, ", which leaves too little for this request; try again in ",
                       retry_after_seconds, " s"))
      .WithReason(kRateLimitExceeded);
}

std::vector<UsageDelta> QuotaLedger::Count(Lease::Open& open, int64_t now_ms) {
  std::vector<UsageDelta> deltas;
  open.began_ms = now_ms;
  open.slots.clear();
  for (size_t d = 0; d < kWindows; ++d) {
    open.slots.push_back(now_ms / ShapeOf(static_cast<Dimension>(d)).slot_ms);
  }
  for (Claim& claim : open.claims) {
    const UsageTable::Found found = usages_.Find(claim.subject, now_ms);
    claim.subject = std::string(found.subject);  // which may be "(others)"
    ++found.usage.concurrent;
    for (size_t d = 0; d < kWindows; ++d) {
      const auto dimension = static_cast<Dimension>(d);
      if (!claim.limits[dimension]) continue;
      const int64_t need = NeedOf(dimension, open.tokens, *claim.limits[dimension]);
      const int64_t counted = found.usage.of(dimension).Add(open.slots[d], need);
      if (counted != 0) deltas.push_back({claim.subject, dimension, open.slots[d], counted});
    }
  }
  return deltas;
}

QuotaLedger::Admission QuotaLedger::Admit(const Caller& caller, std::string_view model,
                                          const Demand& demand) {
  Admission admission;
  Lease::Open open;
  open.claims = ClaimsOf(caller, model);
  if (open.claims.empty()) return admission;
  open.tokens = demand.prompt_tokens + demand.output_tokens;

  bool decided = false;
  if (shared_) {
    Result<SharedUsage::Answer> answer = shared_->Admit(RandomHex(12), open.claims, open.tokens);
    if (answer.ok()) {
      decided = true;
      admission.headers = RateLimitHeaders(answer->standings);
      if (answer->refusal) {
        const Claim& claim = open.claims[answer->refusal->standing.claim];
        admission.status = Refuse(claim, *answer->refusal, admission.retry_after_seconds);
        return admission;
      }
      open.shared = std::move(answer->taken);
    }
  }
  uint64_t ticket = 0;
  {
    MutexLock lock(mu_);
    const int64_t now_ms = NowMs();
    if (!decided) {
      const Usage unused;
      std::vector<const Usage*> usages;
      for (const Claim& claim : open.claims) {
        // Pointers into the table hold as long as nothing is added.
        const Usage* known = usages_.Look(claim.subject, now_ms);
        if (!known && usages_.full()) known = usages_.Look(UsageTable::kOthers, now_ms);
        usages.push_back(known ? known : &unused);
      }
      if (const auto refusal = Decide(open.claims, usages, open.tokens, now_ms)) {
        admission.headers = RateLimitHeaders(Stand(open.claims, usages, now_ms));
        admission.status =
            Refuse(open.claims[refusal->standing.claim], *refusal, admission.retry_after_seconds);
        return admission;
      }
    }
    std::vector<UsageDelta> deltas = Count(open, now_ms);
    if (!decided) {
      std::vector<const Usage*> usages;
      for (const Claim& claim : open.claims) usages.push_back(usages_.Look(claim.subject, now_ms));
      admission.headers = RateLimitHeaders(Stand(open.claims, usages, now_ms));
    }
    // In the journal changes stand in the order in which they were decided.
    if (journal_ && !deltas.empty()) ticket = journal_->Append(std::move(deltas));
  }
  if (ticket != 0) static_cast<void>(journal_->AwaitWritten(ticket, journal_wait_max_));
  admission.lease.ledger_ = shared_from_this();
  admission.lease.open_ = std::move(open);
  return admission;
}

void QuotaLedger::End(Lease::Open open, std::optional<int64_t> tokens) {
  {
    MutexLock lock(mu_);
    const int64_t now_ms = NowMs();
    std::vector<UsageDelta> deltas;
    for (const Claim& claim : open.claims) {
      Usage* usage = usages_.Look(claim.subject, now_ms);
      if (!usage) continue;
      usage->concurrent = std::max<int64_t>(0, usage->concurrent - 1);
      if (tokens) {
        usage->mean_duration_ms += (now_ms - open.began_ms - usage->mean_duration_ms) / 8;
      }
      for (size_t d = 0; d < kWindows; ++d) {
        const auto dimension = static_cast<Dimension>(d);
        if (!claim.limits[dimension]) continue;
        const int64_t counted = NeedOf(dimension, open.tokens, *claim.limits[dimension]);
        const int64_t used = !tokens ? 0 : CountsTokens(dimension) ? *tokens : 1;
        const int64_t changed = usage->of(dimension).Add(open.slots[d], used - counted);
        if (changed != 0) deltas.push_back({claim.subject, dimension, open.slots[d], changed});
      }
    }
    if (journal_ && !deltas.empty()) static_cast<void>(journal_->Append(std::move(deltas)));
  }
  if (open.shared) shared_->Settle(*std::move(open.shared), tokens);
}

QuotaLedger::Admission QuotaLedger::Peek(const Caller& caller, int64_t tokens_max) const {
  Admission admission;
  const std::vector<Claim> claims = ClaimsOf(caller, "");
  if (claims.empty()) return admission;
  const Usage unused;
  MutexLock lock(mu_);
  const int64_t now_ms = NowMs();
  std::vector<const Usage*> usages;
  for (const Claim& claim : claims) {
    const Usage* known = usages_.Look(claim.subject, now_ms);
    usages.push_back(known ? known : &unused);
  }
  admission.headers = RateLimitHeaders(Stand(claims, usages, now_ms));
  const auto none = Decide(claims, usages, 0, now_ms);
  if (!none || none->standing.limit == 0) return admission;
  const auto refusal = Decide(claims, usages, tokens_max, now_ms);
  admission.status = Refuse(claims[refusal->standing.claim], *refusal, admission.retry_after_seconds);
  return admission;
}

Headers QuotaLedger::Look(const Caller& caller) const { return Peek(caller, 0).headers; }

}  // namespace pano::quota
