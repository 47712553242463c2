#include "app/auth/scope.h"

#include <gtest/gtest.h>

namespace pano::auth {
namespace {

ScopeSet Of(std::string_view text) { return std::move(ScopeSet::Parse(text)).value(); }

TEST(ScopeSet, AllowsWhatItNamesAndNothingElse) {
  const ScopeSet one = Of("models:org/name:predict");
  EXPECT_TRUE(one.AllowsModel("org/name", Permission::kPredict));
  EXPECT_FALSE(one.AllowsModel("org/name", Permission::kRead));
  EXPECT_FALSE(one.AllowsModel("org/name", Permission::kManage));
  for (const char* other : {"org", "name", "org/name2", "org/nam", "*", "", "org/name/x"}) {
    EXPECT_FALSE(one.AllowsModel(other, Permission::kPredict)) << other;
  }
  EXPECT_FALSE(one.AllowsMetrics());
  EXPECT_FALSE(one.IsAdmin());
}

TEST(ScopeSet, AStarIsEveryModelWithThatPermission) {
  const ScopeSet set = Of("models:*:read models:a:predict");
  EXPECT_TRUE(set.AllowsModel("a", Permission::kPredict));
  EXPECT_TRUE(set.AllowsModel("b", Permission::kRead));
  EXPECT_FALSE(set.AllowsModel("b", Permission::kPredict));
}

TEST(ScopeSet, AdminImpliesEverything) {
  for (const ScopeSet& all : {Of("admin"), ScopeSet::All()}) {
    EXPECT_TRUE(all.AllowsModel("any", Permission::kManage));
    EXPECT_TRUE(all.AllowsMetrics());
    EXPECT_TRUE(all.IsAdmin());
  }
  EXPECT_TRUE(Of("metrics:read").AllowsMetrics());
  EXPECT_FALSE(Of("metrics:read").AllowsModel("a", Permission::kRead));
}

TEST(ScopeSet, ParseNamesWhatIsNoScope) {
  for (const char* wrong :
       {"model:a:read", "models:a", "models::read", "models:a:write", "models:a b:read", "Admin",
        "models:../x:read", "models:a/b/c/d:read", "models:a*:read", "models:a:read:x", "metrics",
        "models:*:*", "*", "models:*/a:read"}) {
    Result<ScopeSet> set = ScopeSet::Parse(wrong);
    ASSERT_FALSE(set.ok()) << wrong;
    EXPECT_EQ(set.error().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_NE(ScopeSet::Parse("admin roof").error().message().find("'roof'"), std::string::npos);
  EXPECT_TRUE(Of("").empty());
}

TEST(ScopeSet, ALenientReaderLeavesOutTheScopesOfOthers) {
  EXPECT_EQ(ScopeSet::ParseLenient("openid models:a:read  profile models:a:fly").ToString(),
            "models:a:read");
  EXPECT_TRUE(ScopeSet::ParseLenient("openid ADMIN admin\t").empty());
}

TEST(ScopeSet, ToStringIsReadBack) {
  const ScopeSet set = Of("models:b:manage models:a:read metrics:read models:a:predict models:*:read");
  EXPECT_EQ(set.ToString(),
            "metrics:read models:*:read models:a:predict models:a:read models:b:manage");
  EXPECT_EQ(Of(set.ToString()), set);
}

TEST(ScopeSet, ContainsIsWhatAGrantMayGive) {
  EXPECT_TRUE(Of("models:*:read").Contains(Of("models:a:read models:b:read")));
  EXPECT_TRUE(ScopeSet::All().Contains(Of("admin metrics:read")));
  EXPECT_FALSE(Of("models:a:read").Contains(Of("models:*:read")));
  EXPECT_FALSE(Of("models:a:read").Contains(Of("models:a:read models:a:predict")));
  EXPECT_FALSE(Of("models:*:read metrics:read").Contains(Of("admin")));
  EXPECT_FALSE(Of("models:*:read").Contains(Of("metrics:read")));
  EXPECT_TRUE(Of("models:a:read").Contains(ScopeSet()));
  ScopeSet sum = Of("models:a:read");
  sum.Add(Of("models:a:predict metrics:read"));
  EXPECT_EQ(sum, Of("models:a:read models:a:predict metrics:read"));
}

}  // namespace
}  // namespace pano::auth
