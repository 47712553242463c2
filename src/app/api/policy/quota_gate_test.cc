#include "app/api/policy/quota_gate.h"

#include <gtest/gtest.h>

#include <memory>

#include "app/quota/tenants_file.h"

namespace pano::api {
namespace {

std::shared_ptr<const QuotaGate> GateOf(std::string_view tenants, Clock& clock) {
  auto gate = std::make_shared<QuotaGate>();
  gate->ledger = quota::QuotaLedger::Create({.policies = quota::ParseTenants(tenants).value()}, clock);
  return gate;
}

// Tokens without client_id were under no key's limits: one user's could use up all of the tenant's.
TEST(QuotaGate, WhoeverShowsAnythingHasTheLimitsOfAKey) {
  ManualClock clock;
  const auto gate = GateOf("default: {keys: {'*': {requests_per_minute: 1}, ci: {requests_per_minute: 3}}}", clock);
  const auto count = [&](const auth::Principal& who) {
    int taken = 0;
    http::Headers headers;
    for (int i = 0; i < 5; ++i) {
      QuotaUse use(gate);
      if (use.Take(who, "m", "m", {}, headers).ok()) ++taken;
      use.Settle(0);
    }
    return taken;
  };
  EXPECT_EQ(count({.subject = "ann", .issuer = "i"}), 1);
  EXPECT_EQ(count({.subject = "bob", .issuer = "i"}), 1);
  EXPECT_EQ(count({.subject = "ann", .client_id = "ci", .issuer = "i"}), 3);
  EXPECT_EQ(count({.subject = "carl", .key_id = "k"}), 1);
  // What has no name at all is one caller by its issuer, however many tokens it shows.
  EXPECT_EQ(count({.issuer = "j", .token_digest = "x"}), 1);
  EXPECT_EQ(count({.issuer = "j", .token_digest = "y"}), 0);
  // Who shows nothing has no key.
  EXPECT_EQ(count({}), 5);
}

}  // namespace
}  // namespace pano::api
