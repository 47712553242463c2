#include "app/quota/ledger.h"

#include <gtest/gtest.h>

#include "app/quota/tenants_file.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::quota {
namespace {

std::shared_ptr<QuotaLedger> Make(std::string_view file, Clock& clock, size_t subjects_max = 100) {
  QuotaLedger::Options options;
  options.policies = ParseTenants(file).value();
  options.subjects_max = subjects_max;
  return QuotaLedger::Create(std::move(options), clock);
}

std::string Header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return "none";
}

TEST(QuotaLedger, ATenantWithoutLimitsHasNoHeaders) {
  ManualClock clock;
  auto ledger = Make("tenants: {a: {weight: 3}}", clock);
  const auto admission = ledger->Admit({"a", ""}, "m", {10, 10});
  EXPECT_TRUE(admission.status.ok());
  EXPECT_TRUE(admission.headers.empty());
  EXPECT_TRUE(ledger->Look({"a", ""}).empty());
  EXPECT_EQ(ledger->Weight("a"), 3);
  EXPECT_EQ(ledger->Weight("b"), 1);
}

TEST(QuotaLedger, AfterRetryAfterTheSameRequestIsTaken) {
  ManualClock clock;
  auto ledger = Make("default: {requests_per_minute: 3, tokens_per_minute: 100}", clock);
  std::vector<Lease> leases;
  for (int i = 0; i < 3; ++i) {
    auto admission = ledger->Admit({"a", ""}, "m", {5, 15});
    ASSERT_TRUE(admission.status.ok());
    EXPECT_EQ(Header(admission.headers, "x-ratelimit-remaining-requests"), StrCat(2 - i));
    EXPECT_EQ(Header(admission.headers, "x-ratelimit-remaining-tokens"), StrCat(80 - 20 * i));
    admission.lease.Settle(20);
    clock.Advance(std::chrono::milliseconds(3700));
  }
  const auto refused = ledger->Admit({"a", ""}, "m", {5, 15});
  EXPECT_EQ(refused.status.code(), StatusCode::kExhausted);
  EXPECT_EQ(refused.status.reason(), kRateLimitExceeded);
  EXPECT_NE(refused.status.message().find("3 of its 3 requests a minute"), std::string::npos)
      << refused.status.message();
  EXPECT_EQ(Header(refused.headers, "x-ratelimit-remaining-requests"), "0");
  ASSERT_GE(refused.retry_after_seconds, 2);
  clock.Advance(std::chrono::seconds(refused.retry_after_seconds));
  EXPECT_TRUE(ledger->Admit({"a", ""}, "m", {5, 15}).status.ok());
  // Another tenant never noticed.
  EXPECT_TRUE(ledger->Admit({"b", ""}, "m", {5, 15}).status.ok());
}

// Whatever came before, a Retry-After is kept, and is not much too long.
TEST(QuotaLedger, RetryAfterIsHonestOnRandomTraces) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    ManualClock clock;
    auto ledger = Make(StrCat("default: {requests_per_minute: ", 1 + random.Below(8),
                              ", tokens_per_minute: ", 1 + random.Below(300),
                              ", tokens_per_day: ", 1 + random.Below(2000), "}"),
                       clock);
    for (int i = 0; i < 60; ++i) {
      const Demand demand{static_cast<int64_t>(random.Below(40)), static_cast<int64_t>(random.Below(100))};
      auto admission = ledger->Admit({"a", ""}, "m", demand);
      if (admission.status.ok()) {
        admission.lease.Settle(static_cast<int64_t>(random.Below(150)));
        clock.Advance(std::chrono::milliseconds(random.Below(5000)));
        continue;
      }
      ASSERT_EQ(admission.status.code(), StatusCode::kExhausted);
      if (admission.retry_after_seconds > 1) {
        clock.Advance(std::chrono::seconds(admission.retry_after_seconds - 1));
        ASSERT_FALSE(ledger->Admit({"a", ""}, "m", demand).status.ok()) << "seed " << seed;
        clock.Advance(std::chrono::seconds(1));
      } else {
        clock.Advance(std::chrono::seconds(1));
      }
      auto again = ledger->Admit({"a", ""}, "m", demand);
      ASSERT_TRUE(again.status.ok()) << "seed " << seed << ": " << again.status.message();
      again.lease.Cancel();
    }
  }
}

TEST(QuotaLedger, SettlesWithWhatWasUsed) {
  ManualClock clock;
  auto ledger = Make("default: {tokens_per_minute: 100}", clock);
  auto remaining = [&] { return Header(ledger->Look({"a", ""}), "x-ratelimit-remaining-tokens"); };
  auto first = ledger->Admit({"a", ""}, "m", {10, 60});
  EXPECT_EQ(remaining(), "30");
  EXPECT_FALSE(ledger->Admit({"a", ""}, "m", {10, 60}).status.ok());
  first.lease.Settle(12);
  EXPECT_EQ(remaining(), "88");
  auto second = ledger->Admit({"a", ""}, "m", {10, 60});
  second.lease.Cancel();
  EXPECT_EQ(remaining(), "88");
  // More than it said: the tenant owes it, until it lies behind the window.
  auto third = ledger->Admit({"a", ""}, "m", {10, 60});
  third.lease.Settle(500);
  EXPECT_EQ(remaining(), "0");
  EXPECT_FALSE(ledger->Admit({"a", ""}, "m", {1, 0}).status.ok());
  clock.Advance(std::chrono::seconds(60));
  EXPECT_TRUE(ledger->Admit({"a", ""}, "m", {1, 0}).status.ok());
  // A lease that nobody settles stands as estimated.
  clock.Advance(std::chrono::seconds(60));
  static_cast<void>(ledger->Admit({"a", ""}, "m", {10, 60}));
  EXPECT_EQ(remaining(), "30");
}

TEST(QuotaLedger, ConcurrentRequestsEndWhenTheyDo) {
  ManualClock clock;
  auto ledger = Make("default: {concurrent: 1}", clock);
  auto first = ledger->Admit({"a", ""}, "m", {});
  const auto refused = ledger->Admit({"a", ""}, "m", {});
  EXPECT_EQ(refused.status.code(), StatusCode::kExhausted);
  EXPECT_GE(refused.retry_after_seconds, 1);
  clock.Advance(std::chrono::hours(2));  // time alone ends nothing
  EXPECT_FALSE(ledger->Admit({"a", ""}, "m", {}).status.ok());
  first.lease.Settle(1);
  EXPECT_TRUE(ledger->Admit({"a", ""}, "m", {}).status.ok());
}

TEST(QuotaLedger, KeysAndModelsHaveLimitsOfTheirOwn) {
  ManualClock clock;
  auto ledger = Make(R"(
tenants:
  a:
    requests_per_minute: 10
    models: {small: {requests_per_minute: 1}, none: {tokens_per_minute: 0}, "*": {requests_per_minute: 5}}
    keys: {k1: {requests_per_minute: 3}}
)",
                     clock);
  auto ask = [&](std::string_view key, std::string_view model) {
    auto admission = ledger->Admit({"a", key}, model, {1, 1});
    admission.lease.Settle(2);
    return admission.status;
  };
  EXPECT_TRUE(ask("k1", "small").ok());
  const Status small = ask("k2", "small");
  EXPECT_NE(small.message().find("model 'small' of tenant 'a'"), std::string::npos);
  EXPECT_TRUE(ask("k1", "big").ok());
  EXPECT_TRUE(ask("k1", "big").ok());
  EXPECT_NE(ask("k1", "big").message().find("key 'k1'"), std::string::npos);
  EXPECT_TRUE(ask("k2", "big").ok());
  const Status none = ask("k2", "none");
  EXPECT_EQ(none.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(none.reason(), kQuotaZero);
}

TEST(QuotaLedger, PeekRefusesOnlyWhatAdmitWould) {
  ManualClock clock;
  auto ledger = Make("default: {requests_per_minute: 1, tokens_per_minute: 10}", clock);
  EXPECT_TRUE(ledger->Peek({"a", ""}, 1000).status.ok());
  auto taken = ledger->Admit({"a", ""}, "m", {1, 1});
  taken.lease.Settle(2);
  const auto peeked = ledger->Peek({"a", ""}, 5);
  EXPECT_EQ(peeked.status.code(), StatusCode::kExhausted);
  EXPECT_EQ(peeked.retry_after_seconds, ledger->Admit({"a", ""}, "m", {5, 0}).retry_after_seconds);
  EXPECT_EQ(Header(peeked.headers, "x-ratelimit-remaining-requests"), "0");
}

TEST(QuotaLedger, ManyKeysShareWhatIsLeftWhenThereAreTooMany) {
  ManualClock clock;
  auto ledger = Make("default: {keys: {\"*\": {requests_per_minute: 2}}}", clock, 4);
  int taken = 0;
  for (int i = 0; i < 100; ++i) {
    taken += ledger->Admit({"a", StrCat("key-", i)}, "m", {}).status.ok() ? 1 : 0;
  }
  EXPECT_EQ(taken, 4 + 2);  // four of their own, two for all the others together
}

}  // namespace
}  // namespace pano::quota
