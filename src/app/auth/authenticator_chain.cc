#include <algorithm>
#include <string>
#include <utility>

#include "app/auth/authenticator.h"
#include "app/auth/renewal.h"

namespace pano::auth {
namespace {

Status NotTaken() {
  return Status(StatusCode::kUnauthenticated, "the token or key is not valid")
      .WithReason(std::string(kInvalidToken));
}

class AuthenticatorChain final : public Authenticator, public Renewal {
 public:
  explicit AuthenticatorChain(std::vector<std::unique_ptr<Authenticator>> parts) : parts_(std::move(parts)) {}

  bool required() const override { return true; }
  bool Recognizes(const Credentials& credentials) const override {
    return std::ranges::any_of(parts_, [&](const auto& part) { return part->Recognizes(credentials); });
  }

  std::optional<Result<Principal>> TryAuthenticate(const Credentials& credentials) override {
    Authenticator* waits = nullptr;
    Result<Principal> answer = Ask(credentials, &waits);
    if (waits) return std::nullopt;
    return answer;
  }

  std::optional<Principal> Renew(const Principal& known) override {
    for (const auto& part : parts_) {
      auto* renewal = dynamic_cast<Renewal*>(part.get());
      if (!renewal) continue;
      if (std::optional<Principal> now = renewal->Renew(known)) return now;
    }
    return std::nullopt;
  }

  void Authenticate(const Credentials& credentials, Done done) override {
    Authenticator* waits = nullptr;
    Result<Principal> answer = Ask(credentials, &waits);
    if (!waits) return done(std::move(answer));
    waits->Authenticate(credentials, std::move(done));
  }

 private:
  // `waits`: the part that has to fetch first, where nobody else takes it.
  Result<Principal> Ask(const Credentials& credentials, Authenticator** waits) {
    if (ShownSecret(credentials).empty()) return NoCredentials();
    Status refusal = NotTaken();
    for (const auto& part : parts_) {
      if (!part->Recognizes(credentials)) continue;
      std::optional<Result<Principal>> answer = part->TryAuthenticate(credentials);
      if (!answer) {
        if (!*waits) *waits = part.get();
      } else if (answer->ok()) {
        *waits = nullptr;
        return *std::move(answer);
      } else if (refusal.code() != StatusCode::kUnavailable) {
        refusal = answer->error();   // "try again later" may be no refusal at all, so it stands
      }
    }
    return refusal;
  }

  const std::vector<std::unique_ptr<Authenticator>> parts_;
};

}  // namespace

std::unique_ptr<Authenticator> MakeAuthenticatorChain(std::vector<std::unique_ptr<Authenticator>> parts) {
  return std::make_unique<AuthenticatorChain>(std::move(parts));
}

}  // namespace pano::auth
