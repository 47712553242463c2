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
  EXPECT_EQ(open->Authenticate({}).value().tenant, "default");
}

TEST(Authenticator, TakesTheKeyFromEitherHeader) {
  auto keys = Make({"alpha", "beta"});
  EXPECT_TRUE(keys->required());
  EXPECT_EQ(keys->Authenticate({"Bearer alpha", ""}).value().tenant, "key-1");
  EXPECT_EQ(keys->Authenticate({"bearer  beta ", ""}).value().tenant, "key-2");
  EXPECT_EQ(keys->Authenticate({"", "beta"}).value().tenant, "key-2");
}

TEST(Authenticator, RefusesWhatIsNoKey) {
  auto keys = Make({"alpha"});
  for (Credentials wrong :
       {Credentials{"", ""}, Credentials{"Bearer ", ""}, Credentials{"alpha", ""},
        Credentials{"Basic alpha", ""}, Credentials{"Bearer alph", ""},
        Credentials{"Bearer alphaa", ""}, Credentials{"Bearer alphaalpha", ""},
        Credentials{"Bearer alphb", ""}, Credentials{"", "ALPHA"}}) {
    auto who = keys->Authenticate(wrong);
    ASSERT_FALSE(who.ok()) << wrong.authorization << "|" << wrong.api_key;
    EXPECT_EQ(who.error().code(), StatusCode::kUnauthenticated);
  }
}

TEST(Authenticator, RefusesKeysThatNoHeaderCanCarry) {
  for (const char* key : {"", "two words", "line\nbreak", "caf\xc3\xa9"}) {
    EXPECT_FALSE(MakeApiKeyAuthenticator({key}).ok()) << key;
  }
}

}  // namespace
}  // namespace pano::auth
