#include "app/auth/bearer/bearer_authenticator.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <string>

#include "app/auth/bearer/verified_tokens.h"
#include "app/auth/jose/base64url.h"
#include "app/auth/jose/compact_jws.h"
#include "app/auth/jose/sha256.h"
#include "app/auth/jose/unique_object.h"
#include "base/strings.h"

namespace pano::bearer {
namespace {

using auth::Credentials;
using auth::Principal;

// What is known of a token: the answer, or whose keys have to be fetched for it.
struct Verdict {
  std::optional<Result<Principal>> answer;
  KeySource* ask = nullptr;
  std::string kid;
};

class BearerAuthenticator final : public auth::Authenticator {
 public:
  BearerAuthenticator(std::vector<TrustedIssuer> issuers, Clock& clock, BearerOptions options)
      : issuers_(std::move(issuers)), clock_(clock), remember_(options.known_tokens > 0), known_(options.known_tokens) {
    for (size_t i = 0; i < issuers_.size(); ++i) by_name_.emplace(issuers_[i].settings.issuer, i);
  }
  ~BearerAuthenticator() override {
    for (const TrustedIssuer& issuer : issuers_) issuer.keys->Stop();
  }

  bool required() const override { return true; }
  bool Recognizes(const Credentials& credentials) const override {
    return auth::LooksLikeJwt(auth::BearerToken(credentials.authorization));
  }

  std::optional<Result<Principal>> TryAuthenticate(const Credentials& credentials) override {
    return Judge(credentials, /*may_fetch=*/true).answer;
  }

  void Authenticate(const Credentials& credentials, Done done) override {
    Verdict verdict = Judge(credentials, /*may_fetch=*/true);
    if (verdict.answer) return done(*std::move(verdict.answer));
    verdict.ask->Fetch(verdict.kid,
                       [this, authorization = std::string(credentials.authorization),
                        certificate = std::string(credentials.client_certificate_sha256), done = std::move(done)] {
                         const Credentials kept{authorization, {}, certificate};
                         done(*Judge(kept, /*may_fetch=*/false).answer);
                       });
  }

 private:
  static Verdict Say(Result<Principal> answer) { return {std::move(answer), nullptr, {}}; }

  Verdict Judge(const Credentials& credentials, bool may_fetch) {
    const std::string_view token = auth::BearerToken(credentials.authorization);
    if (token.empty()) return Say(auth::NoCredentials());
    if (token.size() > jose::CompactJws::kBytesMax) {
      return Say(InvalidToken(StrCat("it has more than ", jose::CompactJws::kBytesMax, " bytes")));
    }
    if (!remember_) return Verify(token, "", credentials, may_fetch);
    const std::string hash = jose::Sha256(token);
    if (const std::shared_ptr<const KnownToken> known = known_.Find(hash)) {
      const TrustedIssuer& issuer = issuers_[known->issuer];
      const KeySource::View view = issuer.keys->Current();
      if (view.keys && view.generation == known->key_generation) {
        return Say(Admit(known->token, issuer, credentials, hash));
      }
      known_.Remove(hash);
    }
    return Verify(token, hash, credentials, may_fetch);
  }

  // A token that is good apart from the moment.
  Result<Principal> Admit(const VerifiedToken& token, const TrustedIssuer& issuer, const Credentials& credentials,
                          const std::string& hash) {
    Status moment = CheckMoment(token, issuer.settings, clock_.UnixSeconds(), credentials.client_certificate_sha256);
    if (moment.ok() && issuer.revoked && issuer.revoked(token)) moment = InvalidToken("it has been revoked");
    if (moment.ok()) return token.principal;
    if (remember_) known_.Remove(hash);
    return moment;
  }

  Verdict Verify(std::string_view token, const std::string& hash, const Credentials& credentials, bool may_fetch) {
    const Result<jose::CompactJws> jws = jose::ParseCompactJws(token);
    if (!jws.ok()) return Say(InvalidToken(jws.error().message()));
    const Result<json::Value> claims = jose::ParseUniqueObject(jws->payload);
    if (!claims.ok()) return Say(InvalidToken(StrCat("its payload ", claims.error().message())));
    const json::Value* iss = claims->Find("iss");
    if (!iss || !iss->is_string()) return Say(InvalidToken("it has no issuer (iss)"));
    const auto found = by_name_.find(iss->as_string());
    if (found == by_name_.end()) return Say(InvalidToken("its issuer (iss) is not known here"));
    const TrustedIssuer& issuer = issuers_[found->second];
    const std::vector<jose::Algorithm>& allowed = issuer.settings.algorithms;
    if (std::find(allowed.begin(), allowed.end(), jws->algorithm) == allowed.end()) {
      return Say(InvalidToken("its issuer may not use that algorithm (alg)"));
    }
    const KeySource::View view = issuer.keys->Current();
    if (!view.keys) {
      if (may_fetch && issuer.keys->MayFetch(jws->kid)) return {std::nullopt, issuer.keys.get(), jws->kid};
      return Say(Status(StatusCode::kUnavailable, "the keys of the token's issuer cannot be had; try again later")
                     .WithReason(std::string(auth::kIssuerUnavailable)));
    }
    if (!jose::VerifyJws(*jws, *view.keys)) {
      // Its key may be newer than ours. A kid that is known says which key it was, so a bad signature is one.
      const bool may_be_newer = jws->kid.empty() || !view.keys->HasKid(jws->kid);
      if (may_be_newer && may_fetch && issuer.keys->MayFetch(jws->kid)) {
        return {std::nullopt, issuer.keys.get(), jws->kid};
      }
      return Say(InvalidToken(may_be_newer ? "no key of its issuer made its signature" : "its signature is not good"));
    }
    Result<VerifiedToken> read = ReadClaims(*jws, *claims, issuer.settings, clock_.UnixSeconds());
    if (!read.ok()) return Say(read.error());
    if (Principal& who = read->principal; who.subject.empty() && who.client_id.empty()) {
      who.token_digest = jose::EncodeBase64Url(remember_ ? hash : jose::Sha256(token));
    }
    Result<Principal> who = Admit(*read, issuer, credentials, hash);
    if (who.ok() && remember_) {
      known_.Add(hash, std::make_shared<const KnownToken>(
                           KnownToken{std::move(read).value(), found->second, view.generation}));
    }
    return Say(std::move(who));
  }

  const std::vector<TrustedIssuer> issuers_;
  std::map<std::string, size_t, std::less<>> by_name_;   // constant after construction
  Clock& clock_;
  const bool remember_;
  VerifiedTokens known_;
};

}  // namespace

Result<std::unique_ptr<auth::Authenticator>> MakeBearerAuthenticator(std::vector<TrustedIssuer> issuers, Clock& clock,
                                                                     BearerOptions options) {
  for (size_t i = 0; i < issuers.size(); ++i) {
    if (!issuers[i].keys) return InvalidArgument(StrCat("[auth] issuer ", issuers[i].settings.issuer, " has no keys"));
    for (size_t j = 0; j < i; ++j) {
      if (issuers[i].settings.issuer == issuers[j].settings.issuer) {
        return InvalidArgument(StrCat("[auth] two issuers have the name ", Printable(issuers[i].settings.issuer, 200)));
      }
    }
  }
  return std::unique_ptr<auth::Authenticator>(
      std::make_unique<BearerAuthenticator>(std::move(issuers), clock, options));
}

}  // namespace pano::bearer
