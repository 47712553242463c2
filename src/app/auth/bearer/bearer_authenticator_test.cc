#include "app/auth/bearer/bearer_authenticator.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "app/auth/bearer/remote_keys.h"
#include "app/auth/bearer/testing/fake_issuers.h"

namespace pano::bearer {
namespace {

using jose::Algorithm;
using jose::SigningKey;
using std::chrono::seconds;
using testing::Ask;
using testing::FakeDocuments;

constexpr int64_t kNow = 1'800'000'000;

// One issuer whose keys are at hand.
struct Fixture {
  explicit Fixture(BearerOptions options = {}) {
    clock.Advance(seconds(kNow));
    settings.issuer = "https://issuer.example";
    settings.audiences = {"pano"};
    own->Set(std::move(jose::KeySet::Parse(testing::KeysOf({key}))).value());
    authenticator = std::move(MakeBearerAuthenticator(
        {{settings, own, [this](const VerifiedToken& token) { return token.token_id == revoked; }}}, clock, options)).value();
  }
  json::Value Claims() const {
    json::Value claims;
    claims.Set("iss", settings.issuer);
    claims.Set("aud", "pano");
    claims.Set("exp", kNow + 300);
    claims.Set("jti", "id-1");
    claims.Set("sub", "user");
    claims.Set("tenant", "acme");
    claims.Set("scope", "openid models:m:read");
    return claims;
  }
  std::string Sign(const json::Value& claims) const { return Sign(claims, key); }
  static std::string Sign(const json::Value& claims, const SigningKey& by) {
    return StrCat("Bearer ", jose::SignCompact(by, "at+jwt", json::Dump(claims)).value());
  }
  Result<auth::Principal> Try(const std::string& header, std::string_view certificate = "") {
    return *authenticator->TryAuthenticate({header, "", certificate});
  }

  SigningKey key = std::move(SigningKey::Generate(Algorithm::kEs256)).value();
  IssuerSettings settings;
  ManualClock clock;
  std::shared_ptr<OwnKeys> own = std::make_shared<OwnKeys>();
  std::string revoked = "none";
  std::unique_ptr<auth::Authenticator> authenticator;
};

TEST(BearerAuthenticator, ATokenSaysWhoCalls) {
  Fixture f;
  for (int again = 0; again < 2; ++again) {
    Result<auth::Principal> who = f.Try(f.Sign(f.Claims()));
    ASSERT_TRUE(who.ok()) << who.error().message();
    EXPECT_EQ(who->tenant, "acme");
    EXPECT_EQ(who->subject, "user");
    EXPECT_EQ(who->issuer, "https://issuer.example");
    EXPECT_EQ(who->scopes.ToString(), "models:m:read");
    EXPECT_EQ(who->expires_unix, kNow + 300);
  }
  EXPECT_TRUE(f.authenticator->required());
  EXPECT_TRUE(f.authenticator->Recognizes({f.Sign(f.Claims())}));
  EXPECT_FALSE(f.authenticator->Recognizes({"Bearer pano_key"}));
  EXPECT_EQ(f.Try("").error().reason(), auth::kNoCredentials);
  EXPECT_EQ(f.Try("Bearer x").error().reason(), auth::kInvalidToken);
}

// All such tokens of an issuer were one owner: each could read the others' streams.
TEST(BearerAuthenticator, ATokenWithoutNamesIsToldApartByItsDigest) {
  for (const size_t known : {size_t{0}, size_t{16}}) {
    Fixture f({.known_tokens = known});
    const json::Value named = f.Claims();
    EXPECT_EQ(f.Try(f.Sign(named))->token_digest, "");
    json::Value claims{json::Object()};
    for (const auto& [name, value] : named.as_object()) {
      if (name != "sub") claims.Set(name, value);
    }
    const std::string header = f.Sign(claims);
    const std::string digest = f.Try(header)->token_digest;
    EXPECT_EQ(digest.size(), 43u);
    EXPECT_EQ(f.Try(header)->token_digest, digest);
    claims.Set("jti", "id-2");
    EXPECT_NE(f.Try(f.Sign(claims))->token_digest, digest);
    claims.Set("azp", "c");
    EXPECT_EQ(f.Try(f.Sign(claims))->token_digest, "");
  }
}

TEST(BearerAuthenticator, AKnownTokenEndsAtItsTime) {
  Fixture f;
  const std::string header = f.Sign(f.Claims());
  EXPECT_TRUE(f.Try(header).ok());
  f.clock.Advance(seconds(300 + 59));
  EXPECT_TRUE(f.Try(header).ok());
  f.clock.Advance(seconds(1));
  EXPECT_EQ(f.Try(header).error().reason(), auth::kInvalidToken);
  EXPECT_FALSE(f.Try(header).ok());
}

TEST(BearerAuthenticator, AKnownTokenEndsWithItsKey) {
  Fixture f;
  const std::string header = f.Sign(f.Claims());
  EXPECT_TRUE(f.Try(header).ok());
  const SigningKey next = std::move(SigningKey::Generate(Algorithm::kEs256)).value();
  f.own->Set(std::move(jose::KeySet::Parse(testing::KeysOf({f.key, next}))).value());
  EXPECT_TRUE(f.Try(header).ok());   // checked anew
  f.own->Set(std::move(jose::KeySet::Parse(testing::KeysOf({next}))).value());
  EXPECT_FALSE(f.Try(header).ok());
  EXPECT_TRUE(f.Try(Fixture::Sign(f.Claims(), next)).ok());
}

TEST(BearerAuthenticator, AKnownTokenEndsWhenItIsRevoked) {
  Fixture f;
  const std::string header = f.Sign(f.Claims());
  EXPECT_TRUE(f.Try(header).ok());
  f.revoked = "id-1";
  EXPECT_NE(f.Try(header).error().message().find("revoked"), std::string::npos);
  f.revoked = "none";
  EXPECT_TRUE(f.Try(header).ok());
}

// A token that one connection may show is not good on another because it is known.
TEST(BearerAuthenticator, ABoundTokenNeedsItsCertificateEachTime) {
  Fixture f;
  json::Value claims = f.Claims(), confirmation;
  confirmation.Set("x5t#S256", "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2");
  claims.Set("cnf", confirmation);
  const std::string header = f.Sign(claims);
  EXPECT_TRUE(f.Try(header, "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2").ok());
  EXPECT_FALSE(f.Try(header).ok());
  EXPECT_FALSE(f.Try(header, "AwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2").ok());
  EXPECT_TRUE(f.Try(header, "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2").ok());
}

TEST(BearerAuthenticator, OneByteMoreIsAnotherToken) {
  Fixture f;
  const std::string header = f.Sign(f.Claims());
  EXPECT_TRUE(f.Try(header).ok());
  for (size_t i = 7; i < header.size(); i += 11) {
    std::string other = header;
    other[i] = other[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(f.Try(other).ok()) << i;
  }
}

TEST(BearerAuthenticator, WithoutMemoryItSaysTheSame) {
  Fixture f({.known_tokens = 0});
  const std::string header = f.Sign(f.Claims());
  EXPECT_TRUE(f.Try(header).ok());
  EXPECT_TRUE(f.Try(header).ok());
  f.clock.Advance(seconds(1000));
  EXPECT_FALSE(f.Try(header).ok());
}

TEST(BearerAuthenticator, TwoIssuersOfOneNameAreAMistake) {
  Fixture f;
  EXPECT_FALSE(MakeBearerAuthenticator({{f.settings, f.own, {}}, {f.settings, f.own, {}}}).ok());
  EXPECT_FALSE(MakeBearerAuthenticator({{f.settings, nullptr, {}}}).ok());
}

// Keys that have to be fetched first.
struct FarAway : Fixture {
  FarAway() {
    documents->Put(DiscoveryUrl(settings.issuer), testing::DiscoveryOf(settings.issuer, "https://keys.example/k"));
    documents->Put("https://keys.example/k", testing::KeysOf({key}));
  }
  void Start() {
    remote = std::make_shared<RemoteKeys>(settings, documents, clock);
    authenticator = std::move(MakeBearerAuthenticator({{settings, remote, {}}}, clock)).value();
  }
  std::shared_ptr<FakeDocuments> documents = std::make_shared<FakeDocuments>();
  std::shared_ptr<RemoteKeys> remote;
};

TEST(BearerAuthenticator, NeverWaitsForAnIssuerOnTheCallersThread) {
  FarAway f;
  f.documents->Hold(true);
  f.Start();
  const std::string header = f.Sign(f.Claims());
  EXPECT_FALSE(f.authenticator->TryAuthenticate({header}).has_value());
  std::promise<std::thread::id> answered;
  f.authenticator->Authenticate({header}, [&](Result<auth::Principal> who) {
    EXPECT_TRUE(who.ok());
    answered.set_value(std::this_thread::get_id());
  });
  f.documents->Hold(false);
  EXPECT_NE(answered.get_future().get(), std::this_thread::get_id());
  EXPECT_TRUE(f.authenticator->TryAuthenticate({header})->ok());
}

TEST(BearerAuthenticator, AnIssuerThatIsAwayIsSaidToBe) {
  FarAway f;
  f.documents->Fail(Status(StatusCode::kUnavailable, "connection refused by 10.1.2.3"));
  f.Start();
  Result<auth::Principal> who = Ask(*f.authenticator, {f.Sign(f.Claims())});
  EXPECT_EQ(who.error().code(), StatusCode::kUnavailable);
  EXPECT_EQ(who.error().reason(), auth::kIssuerUnavailable);
  EXPECT_EQ(who.error().message().find("10.1.2.3"), std::string::npos);
  EXPECT_EQ(who.error().message().find("issuer.example"), std::string::npos);
}

TEST(BearerAuthenticator, WhoWaitsIsAnsweredWhenTheServerStops) {
  FarAway f;
  f.documents->Hold(true);
  f.Start();
  int answers = 0;
  f.authenticator->Authenticate({f.Sign(f.Claims())}, [&](Result<auth::Principal> who) {
    ++answers;
    EXPECT_FALSE(who.ok());
  });
  f.authenticator.reset();
  EXPECT_EQ(answers, 1);
}

TEST(BearerAuthenticator, ARotatedKeyIsFetchedAndTheOldOneEnds) {
  FarAway f;
  f.Start();
  const std::string before = f.Sign(f.Claims());
  EXPECT_TRUE(Ask(*f.authenticator, {before}).ok());
  const SigningKey next = std::move(SigningKey::Generate(Algorithm::kEdDsa)).value();
  f.documents->Put("https://keys.example/k", testing::KeysOf({next}));
  EXPECT_TRUE(f.authenticator->TryAuthenticate({before})->ok());
  EXPECT_TRUE(Ask(*f.authenticator, {Fixture::Sign(f.Claims(), next)}).ok());
  EXPECT_FALSE(Ask(*f.authenticator, {before}).ok());
}

// Bad signatures on P-384 and P-521 kept a connection's thread busy for half a millisecond each.
TEST(BearerAuthenticator, LongChecksAreNotMadeOnTheCallersThread) {
  Fixture f;
  for (const Algorithm algorithm : {Algorithm::kEs384, Algorithm::kEs512}) {
    const SigningKey key = std::move(SigningKey::Generate(algorithm)).value();
    f.own->Set(std::move(jose::KeySet::Parse(testing::KeysOf({key}))).value());
    const std::string header = Fixture::Sign(f.Claims(), key);
    EXPECT_FALSE(f.authenticator->TryAuthenticate({header}).has_value());
    std::string bad = header;
    bad[bad.size() - 20] = bad[bad.size() - 20] == 'A' ? 'B' : 'A';
    EXPECT_EQ(testing::Ask(*f.authenticator, {bad}).error().reason(), auth::kInvalidToken);
    const Result<auth::Principal> who = testing::Ask(*f.authenticator, {header});
    ASSERT_TRUE(who.ok()) << who.error().message();
    EXPECT_EQ(who->subject, "user");
    // Once it is known there is nothing to check.
    EXPECT_TRUE(f.authenticator->TryAuthenticate({header})->ok());
  }
}

TEST(BearerAuthenticator, TooManyLongChecksAreRefused) {
  Fixture f({.checks_waiting_max = 0});
  const SigningKey key = std::move(SigningKey::Generate(Algorithm::kEs512)).value();
  f.own->Set(std::move(jose::KeySet::Parse(testing::KeysOf({f.key, key}))).value());
  const Status refused = testing::Ask(*f.authenticator, {Fixture::Sign(f.Claims(), key)}).error();
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_EQ(refused.reason(), "overloaded");
  EXPECT_TRUE(f.Try(f.Sign(f.Claims())).ok());   // short ones are as they were
}

TEST(BearerAuthenticator, IssuersMayChangeWhileItRuns) {
  Fixture f;
  auto bearer = std::move(MakeBearerAuthenticator({}, f.clock)).value();
  const std::string header = f.Sign(f.Claims());
  EXPECT_FALSE(bearer->Recognizes({header}));   // nobody is trusted
  EXPECT_FALSE((*bearer->TryAuthenticate({header})).ok());
  ASSERT_TRUE(bearer->SetIssuers({{f.settings, f.own, {}}}).ok());
  EXPECT_TRUE(bearer->Recognizes({header}));
  EXPECT_TRUE((*bearer->TryAuthenticate({header})).ok());
  // Two of one name: nothing changes.
  EXPECT_FALSE(bearer->SetIssuers({{f.settings, f.own, {}}, {f.settings, f.own, {}}}).ok());
  EXPECT_TRUE((*bearer->TryAuthenticate({header})).ok());
  // What is known is held to what counts now.
  IssuerSettings other = f.settings;
  other.audiences = {"another"};
  ASSERT_TRUE(bearer->SetIssuers({{other, f.own, {}}}).ok());
  EXPECT_FALSE((*bearer->TryAuthenticate({header})).ok());
  ASSERT_TRUE(bearer->SetIssuers({{f.settings, f.own, {}}}).ok());
  EXPECT_TRUE((*bearer->TryAuthenticate({header})).ok());
  ASSERT_TRUE(bearer->SetIssuers({}).ok());
  EXPECT_FALSE((*bearer->TryAuthenticate({header})).ok());
}

// A key that is being fetched goes on for an issuer that stays, and its waiting requests are answered for one
// that goes.
TEST(BearerAuthenticator, WhoWaitsForAnIssuerThatGoesIsAnswered) {
  Fixture f;
  auto documents = std::make_shared<FakeDocuments>();
  documents->Hold(true);
  IssuerSettings settings = f.settings;
  settings.jwks_uri = "https://issuer.example/jwks";
  auto bearer = std::move(MakeBearerAuthenticator(
      {{settings, std::make_shared<RemoteKeys>(settings, documents, f.clock), {}}}, f.clock)).value();
  std::promise<Result<auth::Principal>> answer;
  bearer->Authenticate({f.Sign(f.Claims())}, [&](Result<auth::Principal> who) { answer.set_value(std::move(who)); });
  documents->AwaitAsked(1);
  ASSERT_TRUE(bearer->SetIssuers({}).ok());
  EXPECT_EQ(answer.get_future().get().error().reason(), auth::kInvalidToken);
}

TEST(BearerAuthenticator, ManyThreadsMayAskAtOnce) {
  FarAway f;
  f.Start();
  std::vector<std::string> headers;
  for (int i = 0; i < 50; ++i) {
    json::Value claims = f.Claims();
    claims.Set("sub", StrCat("user-", i));
    headers.push_back(f.Sign(claims));
  }
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < 4; ++round) {
        for (size_t i = 0; i < headers.size(); ++i) {
          Result<auth::Principal> who = Ask(*f.authenticator, {headers[i]});
          if (who.ok() && who->subject == StrCat("user-", i)) ++good;
        }
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 4 * 4 * 50);
}

}  // namespace
}  // namespace pano::bearer
