// Callers who are known only later, because keys of their issuer have to be fetched first.
#include <gtest/gtest.h>

#include <thread>

#include "app/api/testing/api_harness.h"
#include "app/service/dialects.h"

namespace pano::service {
namespace {

using api::testing::ApiHarness;
using api::testing::FakeExchange;

// Knows nobody until the test answers.
class LateAuthenticator final : public auth::Authenticator {
 public:
  explicit LateAuthenticator(std::vector<Done>& open) : open_(open) {}
  ~LateAuthenticator() override { AnswerAll(Status(StatusCode::kUnavailable, "the server stops")); }

  bool required() const override { return true; }
  std::optional<Result<auth::Principal>> TryAuthenticate(const auth::Credentials& credentials) override {
    if (auth::ShownSecret(credentials).empty()) return auth::NoCredentials();
    return std::nullopt;
  }
  void Authenticate(const auth::Credentials&, Done done) override { open_.push_back(std::move(done)); }

  void AnswerAll(const Result<auth::Principal>& who) {
    std::jthread([&] {   // as a thread of an authenticator does
      for (Done& done : std::exchange(open_, {})) done(who);
    });
  }

 private:
  std::vector<Done>& open_;
};

struct Fixture {
  Fixture() {
    auto late = std::make_unique<LateAuthenticator>(open);
    authenticator = late.get();
    harness = std::make_unique<ApiHarness>(std::move(late), AllDialects());
  }
  static http::Request MakeRequest(std::string method, std::string path, std::string body = "") {
    http::Request request = ApiHarness::MakeRequest(std::move(method), std::move(path), std::move(body));
    request.headers.emplace_back("Authorization", "Bearer token");
    return request;
  }
  std::vector<auth::Authenticator::Done> open;
  LateAuthenticator* authenticator = nullptr;
  std::unique_ptr<ApiHarness> harness;
};

TEST(LateCaller, IsAnsweredOnceItIsKnown) {
  Fixture f;
  const auto exchange = f.harness->Send(Fixture::MakeRequest("GET", "/v1/models/m"));
  EXPECT_FALSE(exchange->answered());
  ASSERT_EQ(f.open.size(), 1u);
  f.authenticator->AnswerAll(auth::Principal());
  EXPECT_FALSE(exchange->answered());   // it goes on where it was, not on the authenticator's thread
  exchange->Run();
  EXPECT_EQ(exchange->status(), 200);
}

TEST(LateCaller, MayBeRefused) {
  Fixture f;
  const auto refused = f.harness->Send(Fixture::MakeRequest("POST", "/v1/models/m/predict", R"({"inputs":"a"})"));
  f.authenticator->AnswerAll(Status(StatusCode::kUnauthenticated, "the token is not valid: it is old")
                                 .WithReason(std::string(auth::kInvalidToken)));
  refused->Run();
  EXPECT_EQ(refused->status(), 401);
  EXPECT_NE(refused->header("WWW-Authenticate").find("invalid_token"), std::string::npos);

  const auto forbidden = f.harness->Send(Fixture::MakeRequest("GET", "/v1/models/m"));
  auth::Principal nobody;
  nobody.scopes = {};
  f.authenticator->AnswerAll(nobody);
  forbidden->Run();
  EXPECT_EQ(forbidden->status(), 404);   // it may not read the model
}

TEST(LateCaller, IsToldToComeBackWhereItsIssuerIsAway) {
  Fixture f;
  const auto exchange = f.harness->Send(Fixture::MakeRequest("GET", "/v1/models/m"));
  f.authenticator->AnswerAll(Status(StatusCode::kUnavailable, "the issuer's keys cannot be had")
                                 .WithReason(std::string(auth::kIssuerUnavailable)));
  exchange->Run();
  EXPECT_EQ(exchange->status(), 503);
  EXPECT_FALSE(exchange->header("Retry-After").empty());
}

// Whoever shows a token of an unknown key could send a body while that was fetched.
TEST(LateCaller, NothingIsReadUntilItIsKnown) {
  Fixture f;
  std::vector<std::optional<http::Response>> decided;
  const auto check = [&](const http::Request& head) {
    return f.harness->api->CheckHead(head, [&decided](auto refusal) { decided.push_back(std::move(refusal)); });
  };
  for (const bool good : {true, false}) {
    auto head = std::make_unique<http::Request>(Fixture::MakeRequest("POST", "/v1/completions"));
    const auto verdict = check(*head);
    head.reset();   // it is there for the call only
    EXPECT_TRUE(verdict.later);
    EXPECT_FALSE(verdict.refusal.has_value());
    ASSERT_EQ(f.open.size(), 1u);
    f.authenticator->AnswerAll(good ? Result<auth::Principal>(auth::Principal())
                                    : Status(StatusCode::kUnauthenticated, "no").WithReason(std::string(auth::kInvalidToken)));
  }
  ASSERT_EQ(decided.size(), 2u);
  EXPECT_FALSE(decided[0].has_value());
  EXPECT_EQ(decided[1]->status, 401);
  const auto without = check(ApiHarness::MakeRequest("POST", "/v1/completions"));
  EXPECT_FALSE(without.later);
  EXPECT_EQ(without.refusal->status, 401);
}

TEST(LateCaller, OfAServerThatStopsIsAnswered) {
  Fixture f;
  const auto exchange = f.harness->Send(Fixture::MakeRequest("GET", "/v1/models/m"));
  f.harness.reset();
  EXPECT_TRUE(f.open.empty());
  EXPECT_FALSE(exchange->answered());   // its connection went before
}

}  // namespace
}  // namespace pano::service
