#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "app/auth/authenticator.h"

namespace pano::api::testing {

// Callers by token, each with its scopes: {"reader", "models:a:read"}. Thread-safe: constant.
class ScopedTokens final : public auth::Authenticator {
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
  bool required() const override { return true; }

 private:
  const std::map<std::string, std::string> scopes_;
};

}  // namespace pano::api::testing
