#include <gtest/gtest.h>

#include "app/auth/authenticator.h"

namespace pano::auth {
namespace {

// Takes one secret, late where it is told to be.
class Fake final : public Authenticator {
 public:
  Fake(std::string secret, bool late, bool recognizes = true)
      : secret_(std::move(secret)), late_(late), recognizes_(recognizes) {}
  bool required() const override { return true; }
  bool Recognizes(const Credentials&) const override { return recognizes_; }
  std::optional<Result<Principal>> TryAuthenticate(const Credentials& credentials) override {
    if (late_) return std::nullopt;
    return Answer(credentials);
  }
  void Authenticate(const Credentials& credentials, Done done) override { done(Answer(credentials)); }

 private:
  Result<Principal> Answer(const Credentials& credentials) const {
    if (ShownSecret(credentials) != secret_) return Status(StatusCode::kUnauthenticated, secret_).WithReason("fake");
    Principal principal;
    principal.subject = secret_;
    return principal;
  }
  const std::string secret_;
  const bool late_, recognizes_;
};

std::unique_ptr<Authenticator> Chain(std::vector<Fake*> fakes) {
  std::vector<std::unique_ptr<Authenticator>> parts;
  for (Fake* fake : fakes) parts.emplace_back(fake);
  return MakeAuthenticatorChain(std::move(parts));
}

std::string Ask(Authenticator& chain, std::string_view header) {
  std::string said = "never";
  chain.Authenticate({header}, [&](Result<Principal> who) { said = who.ok() ? who->subject : who.error().message(); });
  return said;
}

TEST(AuthenticatorChain, TheFirstThatTakesItCounts) {
  auto chain = Chain({new Fake("a", false), new Fake("b", false)});
  EXPECT_TRUE(chain->required());
  EXPECT_EQ(chain->TryAuthenticate({"Bearer a"})->value().subject, "a");
  EXPECT_EQ(chain->TryAuthenticate({"Bearer b"})->value().subject, "b");
  EXPECT_EQ(Ask(*chain, "Bearer c"), "b");   // the last refusal
}

TEST(AuthenticatorChain, WaitsOnlyWhereNobodyElseTakesIt) {
  auto chain = Chain({new Fake("late", true), new Fake("b", false)});
  EXPECT_EQ(chain->TryAuthenticate({"Bearer b"})->value().subject, "b");
  EXPECT_FALSE(chain->TryAuthenticate({"Bearer late"}).has_value());
  EXPECT_EQ(Ask(*chain, "Bearer late"), "late");
  EXPECT_EQ(Ask(*chain, "Bearer b"), "b");
}

TEST(AuthenticatorChain, AnIssuerThatIsAwayIsNotOverruled) {
  class Away final : public Authenticator {
   public:
    bool required() const override { return true; }
    std::optional<Result<Principal>> TryAuthenticate(const Credentials&) override {
      return Result<Principal>(Status(StatusCode::kUnavailable, "away"));
    }
  };
  std::vector<std::unique_ptr<Authenticator>> parts;
  parts.push_back(std::make_unique<Away>());
  parts.push_back(std::make_unique<Fake>("b", false));
  auto chain = MakeAuthenticatorChain(std::move(parts));
  EXPECT_EQ(Ask(*chain, "Bearer c"), "away");
  EXPECT_EQ(Ask(*chain, "Bearer b"), "b");
}

TEST(AuthenticatorChain, WhatNobodyRecognizesIsRefused) {
  auto chain = Chain({new Fake("a", false, /*recognizes=*/false)});
  Result<Principal> who = *chain->TryAuthenticate({"Bearer a"});
  EXPECT_EQ(who.error().reason(), kInvalidToken);
  EXPECT_EQ(chain->TryAuthenticate({})->error().reason(), kNoCredentials);
  EXPECT_EQ(Chain({})->TryAuthenticate({"Bearer a"})->error().code(), StatusCode::kUnauthenticated);
}

}  // namespace
}  // namespace pano::auth
