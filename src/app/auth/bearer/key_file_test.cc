#include "app/auth/bearer/key_file.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/testing/memory_env.h"

namespace pano::bearer {
namespace {

using std::chrono::seconds;

// SHA-256 of "abc", which is too short to be written out.
constexpr std::string_view kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

std::string Line(std::string_view more) { return StrCat("keys:\n  - {", more, "}\n"); }

TEST(KeyFile, AKeySaysWhoCalls) {
  const KeyFile file = std::move(KeyFile::Parse(StrCat(
      "keys:\n  - {id: a, tenant: acme, scopes: 'models:*:read models:m:predict', sha256: ", kAbc,
      ", expires: 2027-01-31}\n  - {id: b, tenant: other, scopes: [admin], key: 0123456789abcdef}\n"))).value();
  EXPECT_EQ(file.size(), 2u);
  constexpr int64_t kEnd = 1801353600;   // date -d 2027-01-31Z +%s
  Result<auth::Principal> who = file.Find("abc", kEnd - 1);
  ASSERT_TRUE(who.ok());
  EXPECT_EQ(who->tenant, "acme");
  EXPECT_EQ(who->key_id, "a");
  EXPECT_EQ(who->expires_unix, kEnd);
  EXPECT_EQ(who->scopes.ToString(), "models:*:read models:m:predict");
  EXPECT_EQ(file.Find("abc", kEnd).error().reason(), auth::kInvalidApiKey);
  EXPECT_TRUE(file.Find("0123456789abcdef", kEnd)->scopes.IsAdmin());
  for (const char* wrong : {"", "abd", "ABC", "0123456789abcde"}) EXPECT_FALSE(file.Find(wrong, 0).ok()) << wrong;
  EXPECT_FALSE(file.Find(kAbc, 0).ok());   // what the file holds is no key
}

TEST(KeyFile, NamesThePlaceThatIsWrong) {
  const std::string fine = "id: a, tenant: t, scopes: admin, key: 0123456789abcdef";
  ASSERT_TRUE(KeyFile::Parse(Line(fine)).ok());
  const std::pair<std::string, std::string_view> wrong[] = {
      {"", ""}, {"keys: {}", "keys"}, {"key: []", "key"}, {"keys: [1]", "keys[0]"}, {Line(""), "keys[0].id"},
      {Line("id: a, scopes: admin, key: 0123456789abcdef"), "keys[0].tenant"},
      {Line("id: a, tenant: t, key: 0123456789abcdef"), "keys[0].scopes"},
      {Line("id: a, tenant: t, scopes: admin"), "keys[0]"},
      {Line(StrCat(fine, ", sha256: ", kAbc)), "keys[0]"}, {Line(StrCat(fine, ", role: x")), "keys[0].role"},
      {Line("id: a, tenant: t, scopes: root, key: 0123456789abcdef"), "keys[0].scopes"},
      {Line("id: a, tenant: t, scopes: [], key: 0123456789abcdef"), "keys[0].scopes"},
      {Line("id: a, tenant: \"t\\n\", scopes: admin, key: 0123456789abcdef"), "keys[0].tenant"},
      {Line("id: a, tenant: t, scopes: admin, key: short"), "keys[0].key"},
      {Line("id: a, tenant: t, scopes: admin, key: 'with spaces in it'"), "keys[0].key"},
      {Line("id: a, tenant: t, scopes: admin, sha256: abc"), "keys[0].sha256"},
      {Line(StrCat("id: a, tenant: t, scopes: admin, sha256: ", std::string(64, 'g'))), "keys[0].sha256"},
      {Line(StrCat(fine, ", expires: soon")), "keys[0].expires"}, {Line(StrCat(fine, ", expires: 2027-02-30")), "keys[0].expires"},
      {Line(StrCat(fine, ", expires: -5")), "keys[0].expires"},
      {StrCat(Line(fine), "  - {", fine, "}\n"), "keys[1].id"},
      {StrCat(Line(fine), "  - {id: b, tenant: t, scopes: admin, key: 0123456789abcdef}\n"), "keys[1]"}};
  for (const auto& [yaml, field] : wrong) {
    Result<KeyFile> file = KeyFile::Parse(yaml);
    ASSERT_FALSE(file.ok()) << yaml;
    EXPECT_EQ(file.error().field(), field) << yaml << ": " << file.error().message();
    EXPECT_EQ(file.error().message().find("0123456789abcdef"), std::string::npos);
  }
}

TEST(KeyFileAuthenticator, FollowsItsFile) {
  MemoryEnv env;
  ManualClock clock;
  ASSERT_TRUE(WriteFile("k", Line("id: a, tenant: t, scopes: admin, key: 0123456789abcdef"), env).ok());
  auto keys = std::move(MakeKeyFileAuthenticator("k", env, clock, seconds(2))).value();
  const auto good = [&](std::string_view key) { return keys->TryAuthenticate({"", key})->ok(); };
  const auto poll = [&] {   // twice: a text counts once it is the same in two looks
    for (int i = 0; i < 2; ++i) {
      clock.AwaitWaiters(1);
      clock.Advance(seconds(2));
      clock.AwaitWaiters(1);
    }
  };
  EXPECT_TRUE(good("0123456789abcdef"));
  EXPECT_EQ(keys->TryAuthenticate({})->error().reason(), auth::kNoCredentials);
  EXPECT_FALSE(keys->Recognizes({"Bearer a.b.c"}));

  ASSERT_TRUE(WriteFile("k", Line("id: a, tenant: t, scopes: admin, key: fedcba9876543210"), env).ok());
  poll();
  EXPECT_FALSE(good("0123456789abcdef"));
  EXPECT_TRUE(good("fedcba9876543210"));

  ASSERT_TRUE(WriteFile("k", "keys: [", env).ok());   // half written
  poll();
  EXPECT_TRUE(good("fedcba9876543210"));
  ASSERT_TRUE(env.Remove("k").ok());
  poll();
  EXPECT_TRUE(good("fedcba9876543210"));
  ASSERT_TRUE(WriteFile("k", "keys: []", env).ok());
  poll();
  EXPECT_FALSE(good("fedcba9876543210"));

  ASSERT_TRUE(WriteFile("k", Line("id: a, tenant: t, scopes: admin, key: fedcba9876543210"), env).ok());
  EXPECT_TRUE(keys->Reload().ok());   // at once
  EXPECT_TRUE(good("fedcba9876543210"));
  ASSERT_TRUE(WriteFile("k", "x: 1", env).ok());
  EXPECT_TRUE(keys->Reload().message().starts_with("k: x: "));
  EXPECT_TRUE(good("fedcba9876543210"));
}

TEST(KeyFileAuthenticator, StartsOnlyWithAFileThatCanBeRead) {
  MemoryEnv env;
  EXPECT_EQ(MakeKeyFileAuthenticator("none", env).error().code(), StatusCode::kNotFound);
  ASSERT_TRUE(WriteFile("k", "x", env).ok());
  EXPECT_TRUE(MakeKeyFileAuthenticator("k", env).error().message().starts_with("k: "));
}

}  // namespace
}  // namespace pano::bearer
