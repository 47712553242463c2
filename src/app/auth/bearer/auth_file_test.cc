#include "app/auth/bearer/auth_file.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace pano::bearer {
namespace {

constexpr std::string_view kWhole = R"(
keys: keys.yaml
issuers:
  - issuer: https://login.example/realms/a
    audience: pano
    jwks_uri: https://login.example/certs
    algorithms: [RS256, EdDSA]
    profile: rfc9068
    clock_skew: 5
    claims: {tenant: org.id, scopes: scp, roles: realm_access.roles}
    roles:
      reader: ["models:*:read"]
      caller: "models:*:read models:a/b:predict"
  - issuer: http://127.0.0.1:9000/b
    audience: [pano, other]
)";

TEST(AuthFile, IsReadWhole) {
  Result<AuthFile> file = ParseAuthFile(kWhole);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(file->keys, "keys.yaml");
  ASSERT_EQ(file->issuers.size(), 2u);
  const IssuerSettings& a = file->issuers[0];
  EXPECT_EQ(a.issuer, "https://login.example/realms/a");
  EXPECT_EQ(a.audiences, std::vector<std::string>{"pano"});
  EXPECT_EQ(a.jwks_uri, "https://login.example/certs");
  EXPECT_EQ(a.algorithms, (std::vector{jose::Algorithm::kRs256, jose::Algorithm::kEdDsa}));
  EXPECT_TRUE(a.rfc9068);
  EXPECT_EQ(a.clock_skew, 5);
  EXPECT_EQ(a.roles_claim->text(), "realm_access.roles");
  EXPECT_EQ(a.roles.at("caller").ToString(), "models:*:read models:a/b:predict");
  const IssuerSettings& b = file->issuers[1];
  EXPECT_EQ(b.audiences, (std::vector<std::string>{"pano", "other"}));
  EXPECT_EQ(b.algorithms.size(), jose::kAlgorithms.size());
  EXPECT_FALSE(b.rfc9068);
  EXPECT_EQ(b.clock_skew, 60);
  EXPECT_FALSE(b.tenant_claim || b.scopes_claim || b.roles_claim);
}

TEST(AuthFile, NamesThePlaceThatIsWrong) {
  const auto issuer = [](std::string_view more) {
    return StrCat("issuers:\n  - issuer: https://a.example\n    audience: pano\n", more);
  };
  const std::pair<std::string, std::string_view> wrong[] = {
      {"", ""}, {"[]", ""}, {"a: 1", "a"}, {"issuers: []", "issuers"}, {"issuers: {}", "issuers"}, {"issuers: [1]", "issuers[0]"},
      {"issuers: [{}]", "issuers[0].issuer"}, {"issuers: [{issuer: https://a.example}]", "issuers[0].audience"},
      {"issuers: [{issuer: http://a.example, audience: p}]", "issuers[0].issuer"},
      {"issuers: [{issuer: [x], audience: p}]", "issuers[0].issuer"},
      {"keys: [a]", "keys"}, {"keys: ''", "keys"}, {"keys: a\nkeys: b", "keys"},
      {issuer("    audiance: pano\n"), "issuers[0].audiance"},
      {issuer("    audience: pano\n"), "issuers[0].audience"},
      {issuer("    jwks_uri: file:///etc/passwd\n"), "issuers[0].jwks_uri"},
      {issuer("    algorithms: [HS256]\n"), "issuers[0].algorithms"}, {issuer("    algorithms: [none]\n"), "issuers[0].algorithms"},
      {issuer("    algorithms: []\n"), "issuers[0].algorithms"},
      {issuer("    profile: rfc9069\n"), "issuers[0].profile"}, {issuer("    clock_skew: -1\n"), "issuers[0].clock_skew"},
      {issuer("    clock_skew: 60s\n"), "issuers[0].clock_skew"}, {issuer("    clock_skew: 100000\n"), "issuers[0].clock_skew"},
      {issuer("    claims: {user: sub}\n"), "issuers[0].claims.user"}, {issuer("    claims: {tenant: a..b}\n"), "issuers[0].claims.tenant"},
      {issuer("    claims: {roles: r}\n"), "issuers[0].roles"},
      {issuer("    claims: {roles: r}\n    roles: {x: [root]}\n"), "issuers[0].roles.x"},
      {issuer("    claims: {roles: r}\n    roles: {x: []}\n"), "issuers[0].roles.x"},
      {issuer("    claims: {roles: r}\n    roles: [admin]\n"), "issuers[0].roles"},
      {issuer("  - issuer: https://a.example\n    audience: q\n"), "issuers[1]"},
  };
  for (const auto& [yaml, field] : wrong) {
    Result<AuthFile> file = ParseAuthFile(yaml);
    ASSERT_FALSE(file.ok()) << yaml;
    EXPECT_EQ(file.error().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(file.error().field(), field) << yaml << ": " << file.error().message();
  }
  EXPECT_NE(ParseAuthFile(issuer("    audiance: pano\n")).error().message().find("audience"), std::string::npos);
}

TEST(AuthFile, RefusesWhatIsNoYamlOrTooMuch) {
  EXPECT_FALSE(ParseAuthFile("issuers: [").ok());
  EXPECT_FALSE(ParseAuthFile("\"\\").ok());
  EXPECT_FALSE(ParseAuthFile(std::string(AuthFile::kBytesMax + 1, '#')).ok());
  EXPECT_FALSE(ParseAuthFile(std::string(100'000, '[')).ok());
  // Aliases of aliases: 10^9 texts if they were followed.
  std::string bomb = "a: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 9; ++i) bomb += StrCat("b", i, ": &a", i, " [*a", i - 1, ",*a", i - 1, ",*a", i - 1, ",*a", i - 1, "]\n");
  EXPECT_FALSE(ParseAuthFile(bomb + "issuers: *a8\n").ok());
}

TEST(AuthFile, AFileNamesItselfAndItsKeysLieBesideIt) {
  MemoryEnv env;
  ASSERT_TRUE(env.MakeFolder("/etc").ok());
  ASSERT_TRUE(WriteFile("/etc/auth.yaml", kWhole, env).ok());
  EXPECT_EQ(ReadAuthFile("/etc/auth.yaml", env)->keys, "/etc/keys.yaml");
  ASSERT_TRUE(WriteFile("/etc/auth.yaml", "x: 1", env).ok());
  EXPECT_TRUE(ReadAuthFile("/etc/auth.yaml", env).error().message().starts_with("/etc/auth.yaml: x: "));
  EXPECT_EQ(ReadAuthFile("/etc/none.yaml", env).error().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace pano::bearer
