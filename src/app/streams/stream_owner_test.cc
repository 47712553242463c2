#include "app/streams/stream_owner.h"

#include <gtest/gtest.h>

#include <set>

namespace pano::streams {
namespace {

TEST(StreamOwner, EachPartTellsPrincipalsApart) {
  std::set<std::string> owners;
  for (std::string auth::Principal::* part :
       {&auth::Principal::tenant, &auth::Principal::issuer, &auth::Principal::subject,
        &auth::Principal::client_id, &auth::Principal::key_id,
        &auth::Principal::token_digest}) {
    auth::Principal principal;
    principal.*part = "x";
    EXPECT_TRUE(owners.insert(OwnerOf(principal)).second);
  }
  EXPECT_TRUE(owners.insert(OwnerOf({})).second);
}

// What one part holds cannot look like two parts.
TEST(StreamOwner, PartsDoNotRunIntoEachOther) {
  auth::Principal a, b;
  a.subject = "x";
  a.client_id = "1:y";
  b.subject = "x1:1";
  b.client_id = "y";
  EXPECT_NE(OwnerOf(a), OwnerOf(b));
}

TEST(StreamOwner, ARenewedTokenIsTheSameOwner) {
  auth::Principal before, after;
  before.subject = after.subject = "u";
  before.expires_unix = 10;
  after.expires_unix = 99;
  after.scopes = auth::ScopeSet::ParseLenient("models:m:predict");
  EXPECT_EQ(OwnerOf(before), OwnerOf(after));
}

}  // namespace
}  // namespace pano::streams
