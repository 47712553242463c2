#include "app/service/callers.h"

#include <gtest/gtest.h>

#include "base/testing/memory_env.h"

namespace pano::service {
namespace {

constexpr std::string_view kKeys = "keys:\n  - {id: ci, tenant: acme, scopes: 'models:m:read', key: 0123456789abcdef}\n";

TEST(Callers, WithoutSettingsEverybodyMayCall) {
  Callers callers = std::move(MakeCallers({})).value();
  EXPECT_FALSE(callers.authenticator->required());
  EXPECT_TRUE(callers.Issuers()().empty());
}

TEST(Callers, KeysOfTheCommandLineAndOfTheFileStandSideBySide) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("auth.yaml", "keys: keys.yaml", env).ok());
  ASSERT_TRUE(WriteFile("keys.yaml", kKeys, env).ok());
  Callers callers = std::move(MakeCallers({.api_keys = {"alpha"}, .auth_file = "auth.yaml"}, env)).value();
  EXPECT_TRUE(callers.authenticator->required());
  EXPECT_EQ(callers.authenticator->TryAuthenticate({"Bearer alpha"})->value().tenant, "key-1");
  EXPECT_EQ(callers.authenticator->TryAuthenticate({"", "0123456789abcdef"})->value().tenant, "acme");
  EXPECT_FALSE(callers.authenticator->TryAuthenticate({"Bearer beta"})->ok());
  EXPECT_FALSE(callers.authenticator->TryAuthenticate({})->ok());
}

TEST(Callers, AFileAloneRequiresCredentials) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("auth.yaml", "keys: keys.yaml", env).ok());
  ASSERT_TRUE(WriteFile("keys.yaml", "keys: []", env).ok());
  Callers callers = std::move(MakeCallers({.auth_file = "auth.yaml"}, env)).value();
  EXPECT_TRUE(callers.authenticator->required());
  EXPECT_FALSE(callers.authenticator->TryAuthenticate({"Bearer x"})->ok());
}

TEST(Callers, AFileThatCannotBeReadIsNamed) {
  MemoryEnv env;
  EXPECT_TRUE(MakeCallers({.auth_file = "none.yaml"}, env).error().message().starts_with("--auth: none.yaml"));
  ASSERT_TRUE(WriteFile("auth.yaml", "keys: none.yaml", env).ok());
  EXPECT_TRUE(MakeCallers({.auth_file = "auth.yaml"}, env).error().message().starts_with("--auth: ./none.yaml"));
  ASSERT_TRUE(WriteFile("auth.yaml", "issuer: x", env).ok());
  EXPECT_EQ(MakeCallers({.auth_file = "auth.yaml"}, env).error().field(), "issuer");
  EXPECT_EQ(MakeCallers({.auth_file = "auth.yaml"}, env).error().reason(), "auth_settings");
}

// The issuer is nowhere: the server starts all the same, and says so to its tokens.
TEST(Callers, AnIssuerThatIsAwayDoesNotHoldUpTheStart) {
  MemoryEnv env;
  ASSERT_TRUE(WriteFile("auth.yaml", "issuers: [{issuer: 'http://127.0.0.1:1/x', audience: pano}]", env).ok());
  Callers callers = std::move(MakeCallers({.auth_file = "auth.yaml"}, env)).value();
  EXPECT_EQ(callers.Issuers()(), std::vector<std::string>{"http://127.0.0.1:1/x"});
}

}  // namespace
}  // namespace pano::service
