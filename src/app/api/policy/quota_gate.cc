#include "app/api/policy/quota_gate.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace pano::api {
namespace {

// By the most exact name that stays the same from one token to the next: whoever shows anything has one.
quota::Caller CallerOf(const auth::Principal& who) {
  for (const std::string* name : {&who.key_id, &who.client_id, &who.subject, &who.issuer}) {
    if (!name->empty()) return {who.tenant, *name};
  }
  return {who.tenant, ""};
}

// The number behind `name` in a body that was not parsed; none where there is none.
std::optional<int64_t> NumberOf(std::string_view body, std::string_view name) {
  const size_t at = body.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = body.substr(at + name.size());
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n:"), rest.size()));
  rest = rest.substr(0, std::min<size_t>(rest.find_first_not_of("0123456789"), 9));
  return ParseInt(rest);
}

// About the most that such a request uses, for the time after which it is taken: a token of the prompt
// has a byte at least, and what it may generate stands in it where it is bounded.
int64_t TokensAtMost(std::string_view body) {
  std::optional<int64_t> output;
  for (std::string_view name :
       {"\"max_tokens\"", "\"max_completion_tokens\"", "\"max_output_tokens\"", "\"num_predict\""}) {
    if (const auto number = NumberOf(body, name)) output = std::max(output.value_or(0), *number);
  }
  const int64_t choices = std::clamp<int64_t>(NumberOf(body, "\"n\"").value_or(1), 1, 128);
  return static_cast<int64_t>(body.size()) +
         choices * output.value_or(quota::Demand::kOutputGuess);
}

void SetHeaders(quota::Headers rate_limits, http::Headers& headers) {
  std::erase_if(headers, [](const auto& header) { return header.first.starts_with("x-ratelimit-"); });
  for (auto& header : rate_limits) headers.push_back(std::move(header));
}

}  // namespace

void QuotaUse::Look(const auth::Principal& who, http::Headers& headers) const {
  if (gate_) SetHeaders(gate_->ledger->Look(CallerOf(who)), headers);
}

Failure QuotaUse::Peek(const auth::Principal& who, std::string_view body, http::Headers& headers) const {
  if (!gate_) return {};
  quota::QuotaLedger::Admission admission = gate_->ledger->Peek(CallerOf(who), TokensAtMost(body));
  SetHeaders(std::move(admission.headers), headers);
  if (admission.status.ok()) return {};
  if (gate_->refused) gate_->refused("", "quota");
  Failure failure(std::move(admission.status));
  failure.retry_after_seconds = admission.retry_after_seconds;
  return failure;
}

Failure QuotaUse::Take(const auth::Principal& who, std::string_view model, std::string_view label,
                       const quota::Demand& demand, http::Headers& headers) {
  if (!gate_) return {};
  quota::QuotaLedger::Admission admission = gate_->ledger->Admit(CallerOf(who), model, demand);
  SetHeaders(std::move(admission.headers), headers);
  if (admission.status.ok()) {
    lease_ = std::move(admission.lease);
    return {};
  }
  if (gate_->refused) gate_->refused(label, "quota");
  Failure failure(std::move(admission.status));
  failure.retry_after_seconds = admission.retry_after_seconds;
  return failure;
}

}  // namespace pano::api
