#include "app/auth/issuer/issuer_state.h"

#include <gtest/gtest.h>

#include "app/auth/issuer/testing/issuer_rig.h"

namespace pano::issuer {
namespace {

using testing::IssuerRig;

std::string AddKey(IssuerRig& rig, int64_t expires, std::string* id = nullptr) {
  const NewApiKey made = MakeApiKey(rig.state->store().server_key()).value();
  EXPECT_TRUE(rig.state->store().AddApiKey({.id = made.id, .tenant = "acme", .scope = "models:m:read", .mac = made.mac, .expires = expires}).ok());
  EXPECT_TRUE(rig.state->Refresh().ok());
  if (id) *id = made.id;
  return made.key;
}

TEST(IssuerState, TakesApiKeysUntilTheyEnd) {
  IssuerRig rig;
  std::string id;
  const std::string key = AddKey(rig, rig.clock.UnixSeconds() + 1, &id);
  const Result<auth::Principal> who = rig.Who(key);
  ASSERT_TRUE(who.ok()) << who.error().message();
  EXPECT_EQ(who->tenant, "acme");
  EXPECT_EQ(who->key_id, id);
  EXPECT_EQ(who->scopes.ToString(), "models:m:read");
  EXPECT_TRUE(rig.authenticator->TryAuthenticate({"", key})->ok()) << "as X-Api-Key";
  rig.clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(rig.Who(key).error().message(), "the API key has expired");
  std::string wrong = key;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(rig.Who(wrong).error().reason(), auth::kInvalidApiKey);
  for (const char* none : {"pano_", "pano_0123456789abcdef", "pano_0123456789abcdef_x", "other"}) {
    EXPECT_EQ(rig.Who(none).error().code(), StatusCode::kUnauthenticated) << none;
  }
}

TEST(IssuerState, WhatAnotherProcessRevokesEndsHere) {
  IssuerRig rig;
  std::string id;
  const std::string key = AddKey(rig, 0, &id);
  auto other = std::move(AuthStore::Open(rig.folder.state())).value();
  ASSERT_TRUE(other->RevokeApiKey(id, rig.clock.UnixSeconds()).ok());
  EXPECT_TRUE(rig.Who(key).ok()) << "not read yet";
  ASSERT_TRUE(rig.state->Refresh().ok());
  EXPECT_FALSE(rig.Who(key).ok());
  ASSERT_TRUE(other->RevokeClient("svc", rig.clock.UnixSeconds()).ok());
  const std::string token = rig.issuer->IssueDirectly("svc", "", 60).value().access_token;
  EXPECT_TRUE(rig.Who(token).ok());
  ASSERT_TRUE(rig.state->Refresh().ok());
  EXPECT_FALSE(rig.Who(token).ok());
}

TEST(IssuerState, FollowsByItself) {
  IssuerRig rig;
  auto state = std::move(IssuerState::Create(std::move(AuthStore::Open(rig.folder.state())).value(), rig.clock)).value();
  ASSERT_TRUE(rig.state->store().RevokeClient("svc", 1).ok());
  EXPECT_TRUE(state->Current()->clients.contains("svc"));
  rig.clock.AwaitWaiters(1);
  rig.clock.Advance(IssuerState::kPoll);
  rig.clock.AwaitWaiters(1);  // it has read, and waits again
  EXPECT_FALSE(state->Current()->clients.contains("svc"));
}

TEST(IssuerState, KeysRotateWithOverlap) {
  IssuerRig rig;
  const std::string old_token = rig.issuer->IssueDirectly("svc", "", 3600).value().access_token;
  const int64_t now = rig.clock.UnixSeconds();
  const jose::SigningKey next = jose::SigningKey::Generate(jose::Algorithm::kRs256).value();
  ASSERT_TRUE(rig.state->store().AddSigningKey(next, now, now + 600).ok());
  ASSERT_TRUE(rig.state->Refresh().ok());
  EXPECT_EQ(rig.state->Current()->signing_key->thumbprint(), next.thumbprint());
  EXPECT_EQ(rig.state->keys()->Current().keys->keys().size(), 2u);
  const std::string new_token = rig.issuer->IssueDirectly("svc", "", 3600).value().access_token;
  EXPECT_TRUE(rig.Who(old_token).ok());
  EXPECT_TRUE(rig.Who(new_token).ok());
  rig.clock.Advance(std::chrono::seconds(600));
  ASSERT_TRUE(rig.state->Refresh().ok());
  EXPECT_FALSE(rig.Who(old_token).ok()) << "its key has retired";
  EXPECT_TRUE(rig.Who(new_token).ok());
  EXPECT_EQ(rig.state->Current()->jwks.find("\"d\""), std::string::npos) << "no private part";
}

}  // namespace
}  // namespace pano::issuer
