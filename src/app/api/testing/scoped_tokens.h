#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "app/auth/authenticator.h"
#include "app/auth/renewal.h"

namespace pano::api::testing {

// Callers by token, each with its scopes: {"reader", "models:a:read"}. Thread-safe but for TakeAway.
class ScopedTokens final : public auth::Authenticator, public auth::Renewal {
 public:
  explicit ScopedTokens(std::map<std::string, std::string> scopes) : scopes_(std::move(scopes)) {}

  std::optional<Result<auth::Principal>> TryAuthenticate(
      const auth::Credentials& credentials) override {
    const std::string shown(auth::ShownSecret(credentials));
    if (shown.empty()) return auth::NoCredentials();
    const auto found = scopes_.find(shown);
    if (found == scopes_.end()) {
      return Status(StatusCode::kUnauthenticated, "the token is \"not\" good")
          .WithReason(std::string(auth::kInvalidToken));
    }
    auth::Principal principal;
    principal.tenant = principal.subject = shown;
    principal.scopes = auth::ScopeSet::Parse(found->second).value();
    return principal;
  }
  std::optional<auth::Principal> Renew(const auth::Principal& known) override {
    if (taken_away_ == known.tenant) return std::nullopt;
    auto now = TryAuthenticate({.api_key = known.tenant});
    return now->ok() ? std::optional(**now) : std::nullopt;
  }
  bool required() const override { return true; }

  // From now on it has no rights to go on with; it may still be shown.
  void TakeAway(std::string token) { taken_away_ = std::move(token); }

 private:
  const std::map<std::string, std::string> scopes_;
  std::string taken_away_;
};

}  // namespace pano::api::testing
