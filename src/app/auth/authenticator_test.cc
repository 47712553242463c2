#include "app/auth/authenticator.h"

#include <gtest/gtest.h>

namespace pano::auth {
namespace {

std::unique_ptr<Authenticator> Make(std::vector<std::string> keys) {
  return std::move(MakeApiKeyAuthenticator(std::move(keys))).value();
}

TEST(Authenticator, WithoutKeysEverybodyIsTheDefaultTenant) {
  auto open = Make({});
  EXPECT_FALSE(open->required());
  EXPECT_EQ(open->TryAuthenticate({})->value().tenant, "default");
}

TEST(Authenticator, TakesTheKeyFromEitherHeader) {
  auto keys = Make({"alpha", "beta"});
  EXPECT_TRUE(keys->required());
  EXPECT_EQ(keys->TryAuthenticate({"Bearer alpha", ""})->value().tenant, "key-1");
  EXPECT_EQ(keys->TryAuthenticate({"bearer  beta ", ""})->value().tenant, "key-2");
  EXPECT_EQ(keys->TryAuthenticate({"", "beta"})->value().tenant, "key-2");
}

TEST(Authenticator, RefusesWhatIsNoKey) {
  auto keys = Make({"alpha"});
  for (Credentials wrong :
       {Credentials{"", ""}, Credentials{"Bearer ", ""}, Credentials{"alpha", ""},
        Credentials{"Basic alpha", ""}, Credentials{"Bearer alph", ""},
        Credentials{"Bearer alphaa", ""}, Credentials{"Bearer alphaalpha", ""},
        Credentials{"Bearer alphb", ""}, Credentials{"", "ALPHA"}}) {
    Result<Principal> who = keys->TryAuthenticate(wrong).value();
    ASSERT_FALSE(who.ok()) << wrong.authorization << "|" << wrong.api_key;
    EXPECT_EQ(who.error().code(), StatusCode::kUnauthenticated);
    EXPECT_EQ(who.error().reason(),
              ShownSecret(wrong).empty() ? kNoCredentials : kInvalidApiKey);
  }
}

TEST(Authenticator, AnswersBeforeItReturnsWhereNothingIsFetched) {
  auto keys = Make({"alpha"});
  int answers = 0;
  keys->Authenticate({"Bearer alpha"}, [&](Result<Principal> who) {
    ++answers;
    EXPECT_EQ(who.value().key_id, "key-1");
    EXPECT_TRUE(who.value().scopes.IsAdmin());
  });
  keys->Authenticate({"Bearer beta"}, [&](Result<Principal> who) { answers += who.ok() ? 10 : 1; });
  EXPECT_EQ(answers, 2);
}

TEST(Authenticator, TellsTokensFromKeys) {
  EXPECT_TRUE(LooksLikeJwt("eyJh.eyJp.c2ln"));
  EXPECT_TRUE(LooksLikeJwt("a.b.c.d.e"));
  EXPECT_FALSE(LooksLikeJwt("pano_0123"));
  EXPECT_FALSE(LooksLikeJwt("one.two"));
  EXPECT_EQ(BearerToken("BEARER  x "), "x");
  EXPECT_EQ(BearerToken("Basic eDp5"), "");
  EXPECT_EQ(ShownSecret({"Basic eDp5", "key"}), "key");
  EXPECT_EQ(ShownSecret({"Bearer one", "two"}), "one");
}

TEST(Authenticator, RefusesKeysThatNoHeaderCanCarry) {
  for (const char* key : {"", "two words", "line\nbreak", "caf\xc3\xa9"}) {
    EXPECT_FALSE(MakeApiKeyAuthenticator({key}).ok()) << key;
  }
}

}  // namespace
}  // namespace pano::auth
