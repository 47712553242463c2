#include "app/quota/tenants_file.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::quota {
namespace {

using D = Dimension;

TEST(Tenants, TheExample) {
  const auto policies = ParseTenants(R"(
default: {requests_per_minute: 60, concurrent: 2}
tenants:
  acme:
    weight: 4
    requests_per_minute: 600
    tokens_per_minute: 100000
    tokens_per_day: 5000000
    models: {starter: {tokens_per_minute: 20000}, "*": {concurrent: 8}}
    keys: {"*": {requests_per_minute: 100}}
  flood: {weight: 0.5, concurrent: null}
)");
  ASSERT_TRUE(policies.ok()) << policies.error().message();
  const TenantPolicy& acme = policies->Of("acme");
  EXPECT_EQ(acme.weight, 4);
  EXPECT_EQ(acme.limits, (Limits{{600, 100000, 5000000, 2}}));  // concurrent is the default's
  EXPECT_EQ(acme.models.at("starter")[D::kTokensPerMinute], 20000);
  EXPECT_EQ(acme.models.at("*")[D::kConcurrent], 8);
  EXPECT_EQ(acme.keys.at("*")[D::kRequestsPerMinute], 100);
  const TenantPolicy& flood = policies->Of("flood");
  EXPECT_EQ(flood.weight, 0.5);
  EXPECT_FALSE(flood.limits[D::kConcurrent]);
  EXPECT_EQ(flood.limits[D::kRequestsPerMinute], 60);
  EXPECT_EQ(policies->Of("anybody"), policies->otherwise);
  EXPECT_TRUE(policies->otherwise.limited());
}

TEST(Tenants, NothingMeansNoLimits) {
  for (const char* text : {"", "# nothing\n", "tenants:\n", "default: {}\n"}) {
    const auto policies = ParseTenants(text);
    ASSERT_TRUE(policies.ok()) << text;
    EXPECT_FALSE(policies->otherwise.limited());
  }
}

TEST(Tenants, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> rows[] = {
      {"tenant: {}", "did you mean 'tenants'"},
      {"tenants: {acme: {wieght: 1}}", "tenants.acme.wieght: there is no such setting; did you mean 'weight'"},
      {"tenants: {acme: {models: {m: {weight: 2}}}}", "tenants.acme.models.m.weight: there is no such setting; there are requests_per_minute"},
      {"default: {requests_per_minute: -1}", "default.requests_per_minute: expected a whole number"},
      {"default: {requests_per_minute: 1.5}", "not '1.5'"},
      {"default: {requests_per_minute: 99999999999999999999}", "whole number"},
      {"default: {concurrent: [1]}", "default.concurrent"},
      {"tenants: {a: {weight: 0}}", "tenants.a.weight: expected a number from"},
      {"tenants: {a: {weight: .nan}}", "tenants.a.weight"},
      {"tenants: {a: {weight: many}}", "tenants.a.weight"},
      {"tenants: {a: {}, a: {}}", "tenants.a: stands twice"},
      {"tenants: [a]", "tenants: expected a mapping"},
      {"tenants: {a: 5}", "tenants.a: expected a mapping"},
      {"tenants: {\"a\\nb\": {}}", "is no tenant's name"},
      {"- 1", "expected a mapping (line 1)"},
      {"tenants: {a: &x {weight: 1}, b: *x}", "anchors and aliases"},
      {"tenants: {a: {weight: 1}", "line"},
      {"\"unended", "line"},
  };
  for (const auto& [text, words] : rows) {
    const auto policies = ParseTenants(text, "t.yaml");
    ASSERT_FALSE(policies.ok()) << text;
    EXPECT_EQ(policies.error().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(policies.error().message().find(words), std::string::npos)
        << text << " -> " << policies.error().message();
    EXPECT_TRUE(policies.error().message().starts_with("t.yaml: "));
  }
}

TEST(Tenants, DepthAndSizeAreBounded) {
  EXPECT_FALSE(ParseTenants(std::string(100'000, '[')).ok());
  EXPECT_FALSE(ParseTenants(std::string(100'000, '-')).ok());
  EXPECT_FALSE(ParseTenants(std::string(2 << 20, ' ')).ok());
  std::string nested;
  for (int i = 0; i < 2000; ++i) nested += StrCat(std::string(static_cast<size_t>(i), ' '), "a:\n");
  EXPECT_FALSE(ParseTenants(nested).ok());
  std::string many = "tenants:\n";
  for (int i = 0; i < 10'001; ++i) many += StrCat("  t", i, ": {}\n");
  EXPECT_FALSE(ParseTenants(many).ok());
}

TEST(Tenants, AMissingFileIsNamed) {
  const auto policies = ReadTenantsFile("/nowhere/tenants.yaml");
  ASSERT_FALSE(policies.ok());
  EXPECT_NE(policies.error().message().find("/nowhere/tenants.yaml"), std::string::npos);
}

}  // namespace
}  // namespace pano::quota
