#include "app/auth/bearer/bearer_authenticator.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "app/auth/bearer/check_thread.h"
#include "app/auth/bearer/verified_tokens.h"
#include "app/auth/jose/base64url.h"
#include "app/auth/jose/compact_jws.h"
#include "app/auth/jose/sha256.h"
#include "app/auth/jose/unique_object.h"
#include "base/mutex.h"
#include "base/strings.h"

namespace pano::bearer {
namespace {

using auth::Credentials;
using auth::Principal;

// Who is trusted. Immutable.
struct Trust {
  std::vector<TrustedIssuer> issuers;
  std::map<std::string, size_t, std::less<>> by_name;
  uint64_t generation = 0;
};

// What is known of a token: the answer, or what it takes to have it.
struct Verdict {
  std::optional<Result<Principal>> answer = {};
  KeySource* ask = nullptr;  // whose keys have to be fetched
  std::string kid = {};      // and for which
  bool check = false;        // its signature has to be checked elsewhere
  std::shared_ptr<const Trust> trust = {};  // that keeps `ask`
};

// How far a thread may go for an answer.
enum class Effort {
  kQuick,     // a connection's: neither fetch nor long work
  kThorough,  // the one for long checks; it may have keys fetched
  kFinal,     // keys have been fetched, or could not be
};

// Microseconds of checking a signature above which it is not for a connection's thread.
constexpr int kQuickMicrosecondsMax = 200;

Result<std::shared_ptr<Trust>> MakeTrust(std::vector<TrustedIssuer> issuers) {
  auto trust = std::make_shared<Trust>();
  for (size_t i = 0; i < issuers.size(); ++i) {
    const std::string& name = issuers[i].settings.issuer;
    if (!issuers[i].keys) return InvalidArgument(StrCat("[auth] issuer ", Printable(name, 200), " has no keys"));
    if (!trust->by_name.emplace(name, i).second) {
      return InvalidArgument(StrCat("[auth] two issuers have the name ", Printable(name, 200)));
    }
  }
  trust->issuers = std::move(issuers);
  return trust;
}

bool IsAmong(const std::vector<TrustedIssuer>& issuers, const KeySource* keys) {
  return std::ranges::any_of(issuers, [&](const TrustedIssuer& issuer) { return issuer.keys.get() == keys; });
}

class BearerAuthenticatorImpl final : public BearerAuthenticator {
 public:
  BearerAuthenticatorImpl(std::shared_ptr<const Trust> trust, Clock& clock, BearerOptions options)
      : clock_(clock),
        remember_(options.known_tokens > 0),
        trust_(std::move(trust)),
        known_(options.known_tokens),
        checks_(std::make_unique<CheckThread>(options.checks_waiting_max)) {}
  ~BearerAuthenticatorImpl() override {
    checks_.reset();   // which may ask for keys still
    for (const TrustedIssuer& issuer : trust()->issuers) issuer.keys->Stop();
  }

  bool required() const override { return true; }
  bool Recognizes(const Credentials& credentials) const override {
    return !trust()->issuers.empty() && auth::LooksLikeJwt(auth::BearerToken(credentials.authorization));
  }

  std::optional<Result<Principal>> TryAuthenticate(const Credentials& credentials) override {
    return Judge(credentials, Effort::kQuick).answer;
  }

  void Authenticate(const Credentials& credentials, Done done) override {
    Verdict verdict = Judge(credentials, Effort::kQuick);
    if (!verdict.check) return Continue(credentials, std::move(verdict), std::move(done));
    auto work = [this, kept = Kept(credentials), done] {
      const Credentials again = kept.view();
      Continue(again, Judge(again, Effort::kThorough), done);
    };
    if (!checks_->Submit(std::move(work))) {
      done(Status(StatusCode::kUnavailable, "too many tokens wait to be checked; try again later").WithReason("overloaded"));
    }
  }

  Status SetIssuers(std::vector<TrustedIssuer> issuers) override {
    PANO_ASSIGN_OR_RETURN(const std::shared_ptr<Trust> next, MakeTrust(std::move(issuers)));
    std::shared_ptr<const Trust> before;
    {
      MutexLock lock(mu_);
      next->generation = trust_->generation + 1;
      before = std::exchange(trust_, next);
    }
    for (const TrustedIssuer& issuer : before->issuers) {
      if (!IsAmong(next->issuers, issuer.keys.get())) issuer.keys->Stop();
    }
    return {};
  }

 private:
  // Credentials that outlive their request.
  struct Kept {
    explicit Kept(const Credentials& from)
        : authorization(from.authorization), certificate(from.client_certificate_sha256) {}
    Credentials view() const { return {authorization, {}, certificate}; }
    std::string authorization, certificate;
  };

  std::shared_ptr<const Trust> trust() const {
    MutexLock lock(mu_);
    return trust_;
  }

  // Answers, or has the keys fetched that the answer needs.
  void Continue(const Credentials& credentials, Verdict verdict, Done done) {
    if (verdict.answer) return done(*std::move(verdict.answer));
    verdict.ask->Fetch(verdict.kid, [this, kept = Kept(credentials), done = std::move(done)] {
      done(*Judge(kept.view(), Effort::kFinal).answer);
    });
  }

  static Verdict Say(Result<Principal> answer) { return {.answer = std::move(answer)}; }

  Verdict Judge(const Credentials& credentials, Effort effort) {
    const std::string_view token = auth::BearerToken(credentials.authorization);
    if (token.empty()) return Say(auth::NoCredentials());
    if (token.size() > jose::CompactJws::kBytesMax) {
      return Say(InvalidToken(StrCat("it has more than ", jose::CompactJws::kBytesMax, " bytes")));
    }
    const std::shared_ptr<const Trust> trust = this->trust();
    if (!remember_) return Verify(trust, token, "", credentials, effort);
    const std::string hash = jose::Sha256(token);
    if (const std::shared_ptr<const KnownToken> known = known_.Find(hash)) {
      if (known->trust_generation == trust->generation) {
        const TrustedIssuer& issuer = trust->issuers[known->issuer];
        const KeySource::View view = issuer.keys->Current();
        if (view.keys && view.generation == known->key_generation) {
          return Say(Admit(known->token, issuer, credentials, hash));
        }
      }
      known_.Remove(hash);
    }
    return Verify(trust, token, hash, credentials, effort);
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

  Verdict Verify(const std::shared_ptr<const Trust>& trust, std::string_view token, const std::string& hash,
                 const Credentials& credentials, Effort effort) {
    const Result<jose::CompactJws> jws = jose::ParseCompactJws(token);
    if (!jws.ok()) return Say(InvalidToken(jws.error().message()));
    const Result<json::Value> claims = jose::ParseUniqueObject(jws->payload);
    if (!claims.ok()) return Say(InvalidToken(StrCat("its payload ", claims.error().message())));
    const json::Value* iss = claims->Find("iss");
    if (!iss || !iss->is_string()) return Say(InvalidToken("it has no issuer (iss)"));
    const auto found = trust->by_name.find(iss->as_string());
    if (found == trust->by_name.end()) return Say(InvalidToken("its issuer (iss) is not known here"));
    const TrustedIssuer& issuer = trust->issuers[found->second];
    const std::vector<jose::Algorithm>& allowed = issuer.settings.algorithms;
    if (std::find(allowed.begin(), allowed.end(), jws->algorithm) == allowed.end()) {
      return Say(InvalidToken("its issuer may not use that algorithm (alg)"));
    }
    const auto ask = [&]() -> Verdict { return {.answer = {}, .ask = issuer.keys.get(), .kid = jws->kid, .trust = trust}; };
    const bool may_fetch = effort != Effort::kFinal;
    const KeySource::View view = issuer.keys->Current();
    if (!view.keys) {
      if (may_fetch && issuer.keys->MayFetch(jws->kid)) return ask();
      return Say(Status(StatusCode::kUnavailable, "the keys of the token's issuer cannot be had; try again later")
                     .WithReason(std::string(auth::kIssuerUnavailable)));
    }
    if (effort == Effort::kQuick && jose::VerifyMicroseconds(*jws, *view.keys) > kQuickMicrosecondsMax) {
      return {.answer = {}, .check = true};
    }
    if (!jose::VerifyJws(*jws, *view.keys)) {
      // Its key may be newer than ours. A kid that is known says which key it was, so a bad signature is one.
      const bool may_be_newer = jws->kid.empty() || !view.keys->HasKid(jws->kid);
      if (may_be_newer && may_fetch && issuer.keys->MayFetch(jws->kid)) return ask();
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
                           KnownToken{std::move(read).value(), found->second, trust->generation, view.generation}));
    }
    return Say(std::move(who));
  }

  Clock& clock_;
  const bool remember_;
  mutable Mutex mu_;
  std::shared_ptr<const Trust> trust_ PANO_GUARDED_BY(mu_);
  VerifiedTokens known_;
  std::unique_ptr<CheckThread> checks_;  // null while this ends
};

}  // namespace

Result<std::unique_ptr<BearerAuthenticator>> MakeBearerAuthenticator(std::vector<TrustedIssuer> issuers, Clock& clock,
                                                                     BearerOptions options) {
  PANO_ASSIGN_OR_RETURN(std::shared_ptr<Trust> trust, MakeTrust(std::move(issuers)));
  return std::unique_ptr<BearerAuthenticator>(
      std::make_unique<BearerAuthenticatorImpl>(std::move(trust), clock, options));
}

}  // namespace pano::bearer
