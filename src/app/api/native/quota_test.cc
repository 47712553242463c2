#include <gtest/gtest.h>

#include "app/api/native/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/quota/tenants_file.h"

// Quotas and deadlines on their way through the API, over a fake model.

namespace pano::api::native {
namespace {

using testing::At;
using testing::FakeExchange;

constexpr char kPath[] = "/v1/models/m/predict";
constexpr char kBody[] = R"({"inputs":"ab","parameters":{"max_tokens":8}})";

class Harness : public testing::ApiHarness {
 public:
  explicit Harness(std::string_view tenants, std::vector<std::string> keys = {})
      : Harness(std::make_unique<ManualClock>(), tenants, std::move(keys)) {}

  std::shared_ptr<FakeExchange> PostAs(std::string_view key, std::string body = kBody) {
    http::Request request = MakeRequest("POST", kPath, std::move(body));
    request.headers.emplace_back("X-Api-Key", key);
    return Send(std::move(request));
  }
  ManualClock& quota_clock() { return *quota_clock_; }
  std::vector<std::string> refused;

 private:
  Harness(std::unique_ptr<ManualClock> quota_clock, std::string_view tenants, std::vector<std::string> keys)
      : ApiHarness({MakeDialect()}, std::move(keys), WithQuotas(*quota_clock, tenants)),
        quota_clock_(std::move(quota_clock)) {
    engine->answer = "hey";
  }
  static Options WithQuotas(Clock& time, std::string_view tenants) {
    quota::QuotaLedger::Options options;
    options.policies = quota::ParseTenants(tenants).value();
    auto gate = std::make_shared<QuotaGate>();
    gate->ledger = quota::QuotaLedger::Create(std::move(options), time);
    Options made;
    made.quotas = std::move(gate);
    return made;
  }
  std::unique_ptr<ManualClock> quota_clock_;
};

std::string Remaining(const FakeExchange& exchange, std::string_view kind) {
  return std::string(exchange.header(StrCat("x-ratelimit-remaining-", kind)));
}

TEST(Quotas, RefuseAndSaySoUntilRetryAfter) {
  Harness api("default: {requests_per_minute: 2, tokens_per_minute: 100}");
  auto first = api.Post(kPath, kBody);
  EXPECT_EQ(first->status(), 200);
  EXPECT_EQ(first->header("x-ratelimit-limit-requests"), "2");
  EXPECT_EQ(Remaining(*first, "requests"), "1");
  EXPECT_EQ(first->header("x-ratelimit-reset-requests"), "1m0s");
  EXPECT_EQ(first->header("x-ratelimit-limit-tokens"), "100");
  EXPECT_EQ(Remaining(*first, "tokens"), "89");  // 3 of the prompt and 8 that it may have
  api.quota_clock().Advance(std::chrono::seconds(20));
  EXPECT_EQ(Remaining(*api.Post(kPath, kBody), "tokens"), "83");  // the first one used 6
  auto refused = api.Post(kPath, kBody);
  EXPECT_EQ(refused->status(), 429);
  EXPECT_EQ(At(refused->json(), "error/code"), "rate_limit_exceeded");
  EXPECT_EQ(At(refused->json(), "error/type"), "rate_limit_error");
  EXPECT_EQ(refused->header("Retry-After"), "40");
  EXPECT_EQ(Remaining(*refused, "requests"), "0");
  EXPECT_EQ(api.engine->submitted.size(), 2u);
  api.quota_clock().Advance(std::chrono::seconds(40));
  EXPECT_EQ(api.Post(kPath, kBody)->status(), 200);
}

TEST(Quotas, TokenizingIsARequestWithoutTokens) {
  Harness api("default: {requests_per_minute: 2, tokens_per_minute: 100}");
  const auto first = api.Post("/v1/tokenize", R"({"text":"ab"})");
  EXPECT_EQ(first->status(), 200);
  EXPECT_EQ(Remaining(*first, "requests"), "1");
  EXPECT_EQ(Remaining(*first, "tokens"), "100");
  EXPECT_EQ(api.Post("/v1/detokenize", R"({"ids":[97]})")->status(), 200);
  EXPECT_EQ(api.Post("/v1/tokenize", R"({"text":"ab"})")->status(), 429);
  EXPECT_EQ(api.Post("/v1/detokenize", R"({"ids":[97]})")->status(), 429);
  EXPECT_EQ(api.Post(kPath, kBody)->status(), 429);
}

TEST(Quotas, EveryAnswerOfALimitedTenantTellsThem) {
  Harness api("tenants: {key-1: {requests_per_minute: 5}}", {"k1", "k2"});
  http::Request list = Harness::MakeRequest("GET", "/v1/models/none/predict");
  list.headers.emplace_back("X-Api-Key", "k1");
  EXPECT_EQ(Remaining(*api.Send(std::move(list)), "requests"), "5");  // 405
  EXPECT_EQ(Remaining(*api.PostAs("k1", "no json"), "requests"), "5");
  EXPECT_EQ(Remaining(*api.PostAs("k1", R"({"inputs":"ab","stream":true})"), "requests"), "4");
  EXPECT_EQ(Remaining(*api.PostAs("k2"), "requests"), "");  // it has no limits
  EXPECT_EQ(Remaining(*api.PostAs("nobody"), "requests"), "");
}

TEST(Quotas, WhatTheEngineRefusesCountsForNothing) {
  Harness api("default: {requests_per_minute: 5, tokens_per_minute: 100, concurrent: 1}");
  api.engine->refuse_from = 0;
  EXPECT_EQ(api.Post(kPath, kBody)->status(), 429);
  api.engine->refuse_from = SIZE_MAX;
  EXPECT_EQ(Remaining(*api.Post(kPath, kBody), "requests"), "4");
}

TEST(Quotas, AClientThatGoesHasUsedWhatItWasGiven) {
  Harness api("default: {tokens_per_minute: 100, concurrent: 1}");
  api.engine->answer = "";
  auto exchange = api.Post(kPath, R"({"inputs":"ab","stream":true,"parameters":{"max_tokens":50}})");
  EXPECT_EQ(api.Post(kPath, kBody)->status(), 429);  // one at a time
  api.engine->Say(0, "xyz");
  exchange->Run();
  exchange->Disconnect();
  exchange->Run();
  EXPECT_EQ(Remaining(*api.Get("/v1/models/m/predict"), "tokens"), "94");
}

TEST(Deadlines, OfHeaderAndBodyReachTheEngine) {
  Harness api("");
  const auto deadline_of = [&](http::Request request) -> std::optional<Duration> {
    api.engine->Reset();
    EXPECT_EQ(api.Send(std::move(request))->status(), 200);
    const auto& deadline = api.engine->submitted.at(0).request.deadline;
    if (!deadline) return std::nullopt;
    return *deadline - api.clock.Now();
  };
  using std::chrono::milliseconds;
  http::Request request = Harness::MakeRequest("POST", kPath, kBody);
  EXPECT_EQ(deadline_of(request), std::nullopt);
  request.headers.emplace_back("grpc-timeout", "1500m");
  EXPECT_EQ(deadline_of(request), milliseconds(1500));
  request.body = R"({"inputs":"ab","deadline_ms":700,"parameters":{"max_tokens":8,"timeout_ms":900}})";
  EXPECT_EQ(deadline_of(request), milliseconds(700));
  request.body = R"({"inputs":"ab","parameters":{"deadline_ms":600,"timeout_ms":300}})";
  EXPECT_EQ(deadline_of(request), milliseconds(300));
  request.headers.back().second = "1s";
  auto refused = api.Send(request);
  EXPECT_EQ(refused->status(), 400);
  EXPECT_EQ(At(refused->json(), "error/param"), "grpc-timeout");
}

}  // namespace
}  // namespace pano::api::native
