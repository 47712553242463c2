#include "app/auth/principal.h"

#include <gtest/gtest.h>

namespace pano::auth {
namespace {

TEST(Principal, WithoutCredentialsIsTheDefaultTenantThatMayDoEverything) {
  const Principal principal;
  EXPECT_EQ(principal.tenant, "default");
  EXPECT_TRUE(principal.scopes.IsAdmin());
  EXPECT_EQ(principal.expires_unix, 0);
}

TEST(Principal, ATenantsNameIsAShortLineOfText) {
  for (const char* name : {"acme", "a", "6f9619ff-8b86-d011-b42d-00c04fc964ff", "\u674e\u96f7 GmbH", "a/b:c"}) {
    EXPECT_TRUE(IsTenantName(name)) << name;
  }
  EXPECT_TRUE(IsTenantName(std::string(128, 'x')));
  EXPECT_FALSE(IsTenantName(std::string(129, 'x')));
  for (const char* name : {"", "a\nb", "\x7f", "\xff", "a\tb"}) EXPECT_FALSE(IsTenantName(name)) << name;
  EXPECT_FALSE(IsTenantName(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace pano::auth
