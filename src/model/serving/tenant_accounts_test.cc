#include "model/serving/tenant_accounts.h"

#include <gtest/gtest.h>

namespace pano::serving {
namespace {

std::vector<std::string> Names(const TenantAccounts& accounts) {
  std::vector<std::string> names;
  for (const TenantStats& stats : accounts.List()) names.push_back(stats.tenant);
  return names;
}

TEST(TenantAccounts, CountsEachTenantsRequestsAndTokens) {
  TenantAccounts accounts;
  EXPECT_TRUE(accounts.List().empty());
  TenantAccounts::Account& a = accounts.Open("a");
  TenantAccounts::Account& nameless = accounts.Open("");
  EXPECT_EQ(&accounts.Open("a"), &a);
  a.Begin();
  a.AddTokens({.input = 3, .cached = 32, .output = 1});
  a.AddTokens({.output = 1});
  EXPECT_EQ(Names(accounts), (std::vector<std::string>{"", "a"}));
  TenantStats stats = accounts.List()[1];
  EXPECT_EQ(stats.waiting_requests, 1);
  EXPECT_EQ(stats.running_requests, 1);
  EXPECT_EQ(stats.requests, 2);
  EXPECT_EQ(stats.tokens, (TokenCounts{3, 32, 2}));
  accounts.Close(a, /*begun=*/true);
  accounts.Close(a, /*begun=*/false);
  accounts.Close(nameless, /*begun=*/false);
  for (const TenantStats& idle : accounts.List()) {
    EXPECT_EQ(idle.waiting_requests + idle.running_requests, 0);
  }
  EXPECT_EQ(accounts.List()[1].requests, 2);
}

TEST(TenantAccounts, ForgetsTheTenantThatWasIdleLongest) {
  TenantAccounts accounts(2);
  TenantAccounts::Account& a = accounts.Open("a");
  a.AddTokens({.input = 5});
  accounts.Close(a, false);
  accounts.Close(accounts.Open("b"), false);
  accounts.Close(accounts.Open("a"), false);  // "b" is the older one now
  accounts.Close(accounts.Open("c"), false);
  EXPECT_EQ(Names(accounts), (std::vector<std::string>{"a", "c", "(others)"}));
  accounts.Close(accounts.Open("d"), false);
  EXPECT_EQ(Names(accounts), (std::vector<std::string>{"c", "d", "(others)"}));
  EXPECT_EQ(accounts.List().back().requests, 3);  // one of "b", two of "a"
  EXPECT_EQ(accounts.List().back().tokens.input, 5);
}

TEST(TenantAccounts, NewcomersAreOthersWhileAllAreBusy) {
  TenantAccounts accounts(2);
  TenantAccounts::Account& a = accounts.Open("a");
  accounts.Open("b");
  TenantAccounts::Account& c = accounts.Open("c");
  TenantAccounts::Account& d = accounts.Open("d");
  EXPECT_EQ(&c, &d);
  c.Begin();
  EXPECT_EQ(Names(accounts), (std::vector<std::string>{"a", "b", "(others)"}));
  EXPECT_EQ(accounts.List().back().running_requests, 1);
  EXPECT_EQ(accounts.List().back().waiting_requests, 1);
  accounts.Close(c, true);
  accounts.Close(d, false);
  accounts.Close(a, false);
  EXPECT_EQ(accounts.Open("d").stats().requests, 1);  // there is a place for it now
  EXPECT_EQ(Names(accounts), (std::vector<std::string>{"b", "d", "(others)"}));
}

}  // namespace
}  // namespace pano::serving
