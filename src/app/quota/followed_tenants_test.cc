#include "app/quota/followed_tenants.h"

#include <gtest/gtest.h>

#include "app/quota/tenants_file.h"
#include "base/testing/memory_env.h"

namespace pano::quota {
namespace {

constexpr std::string_view kTwo = "default: {requests_per_minute: 2}";

TEST(FollowedTenants, LimitsChangeAndWhatWasUsedStays) {
  MemoryEnv env;
  ManualClock clock;
  ASSERT_TRUE(WriteFile("t.yaml", kTwo, env).ok());
  const auto ledger = QuotaLedger::Create({.policies = ParseTenants(kTwo).value()}, clock);
  FollowedTenants tenants(ledger, "t.yaml", std::string(kTwo), env, clock);
  const auto take = [&] { return ledger->Admit({"acme", ""}, "m", {}).status.ok(); };
  EXPECT_TRUE(take());
  auto open = ledger->Admit({"acme", ""}, "m", {});   // goes on beyond the change
  ASSERT_TRUE(open.status.ok());
  EXPECT_FALSE(take());

  ASSERT_TRUE(WriteFile("t.yaml", "default: {requests_per_minute: 3}\ntenants: {acme: {weight: 4}}", env).ok());
  ASSERT_TRUE(tenants.Reload().ok());
  EXPECT_EQ(ledger->Weight("acme"), 4);
  EXPECT_TRUE(take());    // of three two were used
  EXPECT_FALSE(take());
  open.lease.Cancel();
  EXPECT_TRUE(take());

  ASSERT_TRUE(WriteFile("t.yaml", "default: {request_per_minute: 9}", env).ok());
  const Status wrong = tenants.Reload();
  EXPECT_TRUE(wrong.message().starts_with("t.yaml: default.request_per_minute: ")) << wrong.message();
  EXPECT_EQ(ledger->Weight("acme"), 4);
  EXPECT_FALSE(take());

  ASSERT_TRUE(WriteFile("t.yaml", "", env).ok());   // no limits; seen by itself
  for (int i = 0; i < 2; ++i) {
    clock.AwaitWaiters(1);
    clock.Advance(std::chrono::seconds(1));
    clock.AwaitWaiters(1);
  }
  EXPECT_EQ(ledger->Weight("acme"), 1);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(take());
}

}  // namespace
}  // namespace pano::quota
