#include "app/batches/principal_text.h"

#include <gtest/gtest.h>

namespace pano::batches {
namespace {

TEST(PrincipalText, IsReadBackAsItWas) {
  auth::Principal principal;
  principal.tenant = "acme";
  principal.subject = "ada";
  principal.key_id = "k1";
  principal.scopes = auth::ScopeSet::Parse("models:m:predict metrics:read").value();
  const auth::Principal read = ParsePrincipal(PrincipalText(principal)).value();
  EXPECT_EQ(read.tenant, "acme");
  EXPECT_EQ(read.subject, "ada");
  EXPECT_EQ(read.key_id, "k1");
  EXPECT_EQ(read.scopes, principal.scopes);
  EXPECT_TRUE(ParsePrincipal(PrincipalText(auth::Principal()))->scopes.IsAdmin());
}

TEST(PrincipalText, WhatIsNoneIsCorruption) {
  for (const char* text : {"", "{}", R"({"tenant":"a","scopes":"everything"})", R"({"tenant":7})"}) {
    EXPECT_EQ(ParsePrincipal(text).error().code(), StatusCode::kCorruption) << text;
  }
}

}  // namespace
}  // namespace pano::batches
