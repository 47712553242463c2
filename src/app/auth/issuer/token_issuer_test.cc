#include "app/auth/issuer/token_issuer.h"

#include <gtest/gtest.h>

#include "app/auth/issuer/testing/issuer_rig.h"
#include "app/auth/jose/base64url.h"
#include "app/auth/jose/sha256.h"
#include "app/auth/renewal.h"
#include "base/strings.h"

namespace pano::issuer {
namespace {

using testing::IssuerRig;

constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr const char* kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";  // RFC 7636, appendix B

ClientProof Svc(std::string secret = "hunter2") { return {"svc", std::move(secret), "10.0.0.1"}; }
ClientProof Console() { return {"console", "", "10.0.0.1"}; }

AuthorizeRequest Ask() {
  return {.response_type = "code", .client_id = "console", .redirect_uri = IssuerRig::kRedirect, .scope = "models:m:predict models:*:read",
          .state = "s", .code_challenge = kChallenge, .code_challenge_method = "S256", .nonce = ""};
}

std::string Code(IssuerRig& rig, const AuthorizeRequest& ask) {
  const AuthorizePlan plan = rig.issuer->PlanAuthorize(ask).value();
  EXPECT_TRUE(plan.fault.ok()) << plan.fault.message();
  return rig.issuer->Login(ask, plan, "ann", "horse", "10.0.0.1").value();
}

TokenRequest ByCode(std::string code) {
  return {.grant_type = "authorization_code", .scope = "", .code = std::move(code), .redirect_uri = IssuerRig::kRedirect, .code_verifier = kVerifier, .refresh_token = ""};
}
TokenRequest ByRefresh(std::string token, std::string scope = "") {
  TokenRequest request;
  request.grant_type = "refresh_token";
  request.refresh_token = std::move(token);
  request.scope = std::move(scope);
  return request;
}
TokenRequest ByCredentials(std::string scope = "") {
  TokenRequest request;
  request.grant_type = "client_credentials";
  request.scope = std::move(scope);
  return request;
}

std::string Reason(const Status& status) { return status.reason(); }

TEST(TokenIssuer, GivesClientsWhatTheyMayHave) {
  IssuerRig rig;
  const TokenAnswer answer = rig.issuer->Token(Svc(), ByCredentials("models:m:read")).value();
  EXPECT_EQ(answer.scope, "models:m:read");
  EXPECT_EQ(answer.expires_in, 3600);
  EXPECT_EQ(answer.refresh_token, "");
  const auth::Principal who = rig.Who(answer.access_token).value();
  EXPECT_EQ(who.tenant, "acme");
  EXPECT_EQ(who.subject, "svc");
  EXPECT_EQ(who.client_id, "svc");
  EXPECT_EQ(who.issuer, "https://id.example");
  EXPECT_TRUE(who.scopes.AllowsModel("m", auth::Permission::kRead));
  EXPECT_FALSE(who.scopes.AllowsModel("m", auth::Permission::kPredict));
  EXPECT_TRUE(rig.Who(rig.issuer->Token(Svc(), ByCredentials()).value().access_token).value().scopes.AllowsModel("x", auth::Permission::kPredict));
  EXPECT_EQ(Reason(rig.issuer->Token(Svc(), ByCredentials("admin")).status()), "invalid_scope");
  EXPECT_EQ(Reason(rig.issuer->Token(Svc(), ByCredentials("nonsense")).status()), "invalid_scope");
  rig.clock.Advance(std::chrono::seconds(3606));
  EXPECT_FALSE(rig.Who(answer.access_token).ok());
}

TEST(TokenIssuer, RefusesWrongClientsAlike) {
  IssuerRig rig;
  const Status wrong = rig.issuer->Token(Svc("hunter3"), ByCredentials()).status();
  EXPECT_EQ(Reason(wrong), "invalid_client");
  EXPECT_EQ(rig.issuer->Token({"nobody", "hunter2", ""}, ByCredentials()).status().message(), wrong.message());
  EXPECT_EQ(Reason(rig.issuer->Token({"", "", ""}, ByCredentials()).status()), "invalid_client");
  EXPECT_EQ(Reason(rig.issuer->Token(Svc(""), ByCredentials()).status()), "invalid_client");
  EXPECT_EQ(Reason(rig.issuer->Token({"console", "x", ""}, ByCredentials()).status()), "invalid_client");
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByCredentials()).status()), "unauthorized_client");
  TokenRequest password;
  password.grant_type = "password";
  EXPECT_EQ(Reason(rig.issuer->Token(Svc(), password).status()), "unsupported_grant_type");
  EXPECT_EQ(Reason(rig.issuer->Token(Svc(), {}).status()), "invalid_request");
}

TEST(TokenIssuer, SlowsGuessing) {
  IssuerRig rig;
  for (int i = 0; i < 11; ++i) EXPECT_EQ(Reason(rig.issuer->Token(Svc("no"), ByCredentials()).status()), "invalid_client");
  const Status slow = rig.issuer->Token(Svc(), ByCredentials()).status();
  EXPECT_EQ(Reason(slow), "slow_down") << "the right one too: it tells nothing";
  rig.clock.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(rig.issuer->Token(Svc(), ByCredentials()).ok());
}

TEST(TokenIssuer, CodeWithPkceGivesWhatClientAndUserMayHave) {
  IssuerRig rig;
  AuthorizeRequest ask = Ask();
  ask.scope = "openid models:*:predict models:*:read metrics:read";
  ask.nonce = "n1";
  const TokenAnswer answer = rig.issuer->Token(Console(), ByCode(Code(rig, ask))).value();
  EXPECT_EQ(answer.scope, auth::ScopeSet::Parse("models:m:predict models:*:read").value().ToString());
  const auth::Principal who = rig.Who(answer.access_token).value();
  EXPECT_EQ(who.subject, "ann");
  EXPECT_EQ(who.client_id, "console");
  EXPECT_FALSE(rig.Who(answer.id_token).ok()) << "an id token opens nothing";
  const auto parts = Split(answer.id_token, '.');
  const std::string claims = jose::DecodeBase64Url(parts.at(1)).value();
  EXPECT_NE(claims.find("\"nonce\":\"n1\""), std::string::npos) << claims;
}

TEST(TokenIssuer, ACodeWorksOnceForWhoAskedForIt) {
  IssuerRig rig;
  const std::string code = Code(rig, Ask());
  TokenRequest request = ByCode(code);
  request.code_verifier = std::string(43, 'a');
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), request).status()), "invalid_grant");
  request.code_verifier = "";
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), request).status()), "invalid_request");
  request = ByCode(code);
  request.redirect_uri = "https://app.example/other";
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), request).status()), "invalid_grant");
  EXPECT_EQ(Reason(rig.issuer->Token(Svc(), ByCode(code)).status()), "invalid_grant");
  const TokenAnswer answer = rig.issuer->Token(Console(), ByCode(code)).value();
  EXPECT_TRUE(rig.Who(answer.access_token).ok());
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByCode(code)).status()), "invalid_grant");
  EXPECT_FALSE(rig.Who(answer.access_token).ok()) << "somebody else has the code: what came of it ends";
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByRefresh(answer.refresh_token)).status()), "invalid_grant");
  const std::string late = Code(rig, Ask());
  rig.clock.Advance(std::chrono::seconds(60));
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByCode(late)).status()), "invalid_grant");
}

TEST(TokenIssuer, AnOldRefreshTokenEndsTheWholeFamily) {
  IssuerRig rig;
  const TokenAnswer first = rig.issuer->Token(Console(), ByCode(Code(rig, Ask()))).value();
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByRefresh(first.refresh_token, "admin")).status()), "invalid_scope");
  EXPECT_EQ(Reason(rig.issuer->Token(Svc(), ByRefresh(first.refresh_token)).status()), "invalid_grant");
  const TokenAnswer second = rig.issuer->Token(Console(), ByRefresh(first.refresh_token, "models:m:read")).value();
  EXPECT_EQ(second.scope, "models:m:read");
  EXPECT_NE(second.refresh_token, first.refresh_token);
  const TokenAnswer third = rig.issuer->Token(Console(), ByRefresh(second.refresh_token)).value();
  EXPECT_TRUE(rig.Who(third.access_token).ok());
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByRefresh(first.refresh_token)).status()), "invalid_grant");
  EXPECT_FALSE(rig.Who(third.access_token).ok());
  EXPECT_FALSE(rig.Who(second.access_token).ok());
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByRefresh(third.refresh_token)).status()), "invalid_grant");
}

TEST(TokenIssuer, RefusesForgedRefreshTokens) {
  IssuerRig rig;
  const TokenAnswer answer = rig.issuer->Token(Console(), ByCode(Code(rig, Ask()))).value();
  std::string forged = answer.refresh_token;
  forged[20] = forged[20] == 'A' ? 'B' : 'A';
  for (const std::string& token : {forged, std::string("pano_refresh_"), std::string("x"), std::string(5000, 'x')}) {
    EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByRefresh(token)).status()), "invalid_grant");
  }
  EXPECT_TRUE(rig.issuer->Token(Console(), ByRefresh(answer.refresh_token)).ok()) << "and no login ended by it";
}

TEST(TokenIssuer, AuthorizeTellsWhatGoesBackAndWhatStays) {
  IssuerRig rig;
  AuthorizeRequest ask = Ask();
  ask.client_id = "nobody";
  EXPECT_FALSE(rig.issuer->PlanAuthorize(ask).ok());
  ask = Ask();
  ask.redirect_uri = "https://evil.example/";
  EXPECT_FALSE(rig.issuer->PlanAuthorize(ask).ok());
  ask.redirect_uri = "";
  EXPECT_FALSE(rig.issuer->PlanAuthorize(ask).ok()) << "two are registered";
  ask.redirect_uri = "http://127.0.0.1:51234/cb";
  EXPECT_TRUE(rig.issuer->PlanAuthorize(ask).value().fault.ok());
  const auto fault = [&](auto change) {
    AuthorizeRequest changed = Ask();
    change(changed);
    return Reason(rig.issuer->PlanAuthorize(changed).value().fault);
  };
  EXPECT_EQ(fault([](auto& r) { r.response_type = "token"; }), "unsupported_response_type");
  EXPECT_EQ(fault([](auto& r) { r.response_type = ""; }), "invalid_request");
  EXPECT_EQ(fault([](auto& r) { r.code_challenge = ""; }), "invalid_request");
  EXPECT_EQ(fault([](auto& r) { r.code_challenge = "short"; }), "invalid_request");
  EXPECT_EQ(fault([](auto& r) { r.code_challenge_method = "plain"; }), "invalid_request");
  EXPECT_EQ(fault([](auto& r) { r.code_challenge_method = ""; }), "invalid_request");
  EXPECT_EQ(fault([](auto& r) { r.scope = "admin"; }), "invalid_scope");
  EXPECT_EQ(fault([](auto& r) { r.state = std::string(2000, 'x'); }), "invalid_request");
}

TEST(TokenIssuer, LoginKnowsUsersAndSlowsGuessing) {
  IssuerRig rig;
  const AuthorizeRequest ask = Ask();
  const AuthorizePlan plan = rig.issuer->PlanAuthorize(ask).value();
  EXPECT_EQ(rig.issuer->Login(ask, plan, "bob", "horse", "a").status().code(), StatusCode::kUnauthenticated);
  AuthorizeRequest metrics = Ask();
  metrics.scope = "metrics:read";
  EXPECT_EQ(rig.issuer->Login(metrics, rig.issuer->PlanAuthorize(metrics).value(), "ann", "horse", "a").status().code(),
            StatusCode::kPermissionDenied);
  for (int i = 0; i < 11; ++i) {
    EXPECT_EQ(rig.issuer->Login(ask, plan, "ann", "cow", "a").status().code(), StatusCode::kUnauthenticated);
  }
  EXPECT_EQ(Reason(rig.issuer->Login(ask, plan, "ann", "horse", "a").status()), "slow_down");
  EXPECT_TRUE(rig.issuer->Login(ask, plan, "ann", "horse", "b").ok()) << "ann herself is elsewhere";
}

TEST(TokenIssuer, RevokesTokensOfTheirClientAlone) {
  IssuerRig rig;
  const std::string token = rig.issuer->Token(Svc(), ByCredentials()).value().access_token;
  EXPECT_FALSE(rig.issuer->Revoke(Console(), token).ok());
  EXPECT_FALSE(rig.issuer->Revoke(Svc("no"), token).ok());
  EXPECT_TRUE(rig.Who(token).ok());
  EXPECT_TRUE(rig.issuer->Revoke(Svc(), token).ok());
  EXPECT_FALSE(rig.Who(token).ok());
  EXPECT_TRUE(rig.issuer->Revoke(Svc(), token).ok());
  EXPECT_TRUE(rig.issuer->Revoke(Svc(), "not a token").ok());
  EXPECT_EQ(Reason(rig.issuer->Revoke(Svc(), "")), "invalid_request");
  const TokenAnswer login = rig.issuer->Token(Console(), ByCode(Code(rig, Ask()))).value();
  EXPECT_TRUE(rig.issuer->Revoke(Console(), login.refresh_token).ok());
  EXPECT_FALSE(rig.Who(login.access_token).ok());
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByRefresh(login.refresh_token)).status()), "invalid_grant");
}

TEST(TokenIssuer, IntrospectionTellsClientsAlone) {
  IssuerRig rig;
  const TokenAnswer login = rig.issuer->Token(Console(), ByCode(Code(rig, Ask()))).value();
  const json::Value access = rig.issuer->Introspect(Svc(), login.access_token).value();
  EXPECT_TRUE(access.Find("active")->as_bool());
  EXPECT_EQ(access.Find("username")->as_string(), "ann");
  EXPECT_EQ(access.Find("tenant")->as_string(), "acme");
  EXPECT_TRUE(rig.issuer->Introspect(Svc(), login.refresh_token).value().Find("active")->as_bool());
  EXPECT_FALSE(rig.issuer->Introspect(Svc(), "x").value().Find("active")->as_bool());
  EXPECT_EQ(Reason(rig.issuer->Introspect(Console(), login.access_token).status()), "invalid_client");
  EXPECT_EQ(Reason(rig.issuer->Introspect({"", "", ""}, login.access_token).status()), "invalid_client");
  ASSERT_TRUE(rig.issuer->Revoke(Console(), login.access_token).ok());
  EXPECT_FALSE(rig.issuer->Introspect(Svc(), login.access_token).value().Find("active")->as_bool());
  // Another tenant's client learns nothing.
  ASSERT_TRUE(rig.state->store().AddClient({.id = "spy", .tenant = "other", .scope = "models:*:read", .secret_hash = HashPassword("x", {.log2_n = 4}).value()}).ok());
  ASSERT_TRUE(rig.state->Refresh().ok());
  EXPECT_FALSE(rig.issuer->Introspect({"spy", "x", ""}, rig.issuer->Token(Svc(), ByCredentials()).value().access_token).value().Find("active")->as_bool());
}

TEST(TokenIssuer, ChangedPasswordsAndRevokedUsersEndLogins) {
  IssuerRig rig;
  const TokenAnswer one = rig.issuer->Token(Console(), ByCode(Code(rig, Ask()))).value();
  ASSERT_TRUE(rig.state->store().SetPassword("ann", HashPassword("horse", {.log2_n = 4}).value(), rig.clock.UnixSeconds()).ok());
  ASSERT_TRUE(rig.state->Refresh().ok());
  EXPECT_FALSE(rig.Who(one.access_token).ok());
  const TokenAnswer two = rig.issuer->Token(Console(), ByCode(Code(rig, Ask()))).value();
  EXPECT_TRUE(rig.Who(two.access_token).ok());
  ASSERT_TRUE(rig.state->store().RevokeUser("ann", rig.clock.UnixSeconds()).ok());
  ASSERT_TRUE(rig.state->Refresh().ok());
  EXPECT_FALSE(rig.Who(two.access_token).ok());
  EXPECT_EQ(Reason(rig.issuer->Token(Console(), ByRefresh(two.refresh_token)).status()), "invalid_grant");
}

TEST(TokenIssuer, RightsAreRenewedAsClientsUsersAndKeysStand) {
  IssuerRig rig;
  AuthStore& store = rig.state->store();
  const int64_t now = rig.clock.UnixSeconds();
  const NewApiKey made = MakeApiKey(store.server_key()).value();
  ASSERT_TRUE(store.AddApiKey({.id = made.id, .tenant = "acme", .scope = "models:m:read", .mac = made.mac, .created = now}).ok());
  ASSERT_TRUE(rig.state->Refresh().ok());
  const auth::Principal svc = rig.Who(rig.issuer->Token(Svc(), ByCredentials("models:m:predict")).value().access_token).value();
  const auth::Principal ann = rig.Who(rig.issuer->Token(Console(), ByCode(Code(rig, Ask()))).value().access_token).value();
  const auth::Principal key = rig.Who(made.key).value();
  const auto scopes = [&](const auth::Principal& known) {
    const auto renewed = auth::RenewRights(*rig.authenticator, known);
    return renewed.ok() ? renewed->scopes.ToString() : renewed.error().message();
  };
  EXPECT_EQ(scopes(svc), "models:m:predict");  // no more than the token said
  EXPECT_EQ(scopes(ann), "models:*:read models:m:predict");
  EXPECT_EQ(scopes(key), "models:m:read");
  // The token's own time is over: what it asked for goes on.
  rig.clock.Advance(std::chrono::hours(48));
  EXPECT_EQ(scopes(svc), "models:m:predict");

  constexpr char kGone[] = "the key or client was taken away";
  ASSERT_TRUE(store.RevokeApiKey(made.id, now).ok());
  ASSERT_TRUE(store.RevokeUser("ann", now).ok());
  ASSERT_TRUE(rig.state->Refresh().ok());
  EXPECT_EQ(scopes(key), kGone);
  EXPECT_EQ(scopes(ann), kGone);
  EXPECT_EQ(scopes(svc), "models:m:predict");
  ASSERT_TRUE(store.RevokeClient("svc", now).ok());
  ASSERT_TRUE(rig.state->Refresh().ok());
  EXPECT_EQ(scopes(svc), kGone);
}

TEST(TokenIssuer, TokensOfTheStoresOwnNameWorkWhateverTheServersIs) {
  IssuerRig rig;
  TokenIssuer nameless(rig.state, "");
  const std::string token = nameless.IssueDirectly("svc", "", 60).value().access_token;
  EXPECT_TRUE(rig.Who(token).ok());
  rig.issuer->SetName("https://other.example");
  EXPECT_TRUE(rig.Who(token).ok());
  TokenIssuer foreign(rig.state, "https://foreign.example");
  EXPECT_FALSE(rig.Who(foreign.IssueDirectly("svc", "", 60).value().access_token).ok());
}

TEST(TokenIssuer, PublishesWhereThingsAre) {
  IssuerRig rig;
  const json::Value body = rig.issuer->Metadata(true);
  EXPECT_EQ(body.Find("issuer")->as_string(), "https://id.example");
  EXPECT_EQ(body.Find("token_endpoint")->as_string(), "https://id.example/oauth/token");
  EXPECT_EQ(body.Find("id_token_signing_alg_values_supported")->as_array().at(0).as_string(), "ES256");
  EXPECT_EQ(rig.issuer->Metadata(false).Find("subject_types_supported"), nullptr);
}

}  // namespace
}  // namespace pano::issuer
