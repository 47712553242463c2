#include "app/auth/renewal.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

namespace pano::auth {
namespace {

std::unique_ptr<Authenticator> Keys(std::vector<std::string> keys) {
  return std::move(MakeApiKeyAuthenticator(std::move(keys))).value();
}

Principal Known(std::string key_id) {
  Principal known;
  known.tenant = known.key_id = std::move(key_id);
  return known;
}

TEST(Renewal, AKeyOfTheListIsKnownByItsPlace) {
  const auto keys = Keys({"one", "two"});
  const auto now = RenewRights(*keys, Known("key-2"));
  ASSERT_TRUE(now.ok());
  EXPECT_EQ(now->tenant, "key-2");
  EXPECT_TRUE(now->scopes.IsAdmin());
  for (const char* gone : {"key-3", "key-", "", "other"}) {
    EXPECT_EQ(RenewRights(*keys, Known(gone)).error().code(), StatusCode::kUnauthenticated) << gone;
  }
  Principal another = Known("key-1");
  another.tenant = "acme";
  EXPECT_FALSE(RenewRights(*keys, another).ok());
}

TEST(Renewal, WithoutKeysEverybodyKeepsWhatTheyHad) {
  Principal known = Known("key-1");
  known.scopes = ScopeSet::Parse("models:m:read").value();
  EXPECT_EQ(RenewRights(*Keys({}), known)->scopes.ToString(), "models:m:read");
}

TEST(Renewal, AChainAsksEachOfItsParts) {
  // Takes everybody and knows nobody again.
  class Forgetful final : public Authenticator {
   public:
    bool required() const override { return true; }
    std::optional<Result<Principal>> TryAuthenticate(const Credentials&) override { return Principal(); }
  };
  std::vector<std::unique_ptr<Authenticator>> parts;
  parts.push_back(std::make_unique<Forgetful>());
  parts.push_back(Keys({"one"}));
  const auto chain = MakeAuthenticatorChain(std::move(parts));
  EXPECT_TRUE(RenewRights(*chain, Known("key-1")).ok());
  EXPECT_FALSE(RenewRights(*chain, Known("key-2")).ok());
  Forgetful alone;
  EXPECT_FALSE(RenewRights(alone, Known("key-1")).ok());
}

}  // namespace
}  // namespace pano::auth
