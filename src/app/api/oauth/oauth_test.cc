// The routes of the built-in issuer as clients and browsers meet them.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/api/oauth/dialect.h"
#include "app/api/oauth/form.h"
#include "app/api/testing/api_harness.h"
#include "app/auth/issuer/testing/issuer_rig.h"
#include "base/strings.h"

namespace pano::api::oauth {
namespace {

using testing::At;
using testing::FakeExchange;
using Exchange = std::shared_ptr<FakeExchange>;

constexpr const char* kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
constexpr const char* kAsk =
    "response_type=code&client_id=console&redirect_uri=https%3A%2F%2Fapp.example%2Fdone&scope=models%3Am%3Apredict&state=a%20b%26c"
    "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

class Site {
 public:
  Site() : api_(auth::MakeAuthenticatorChain(issuer::MakeIssuerAuthenticators(rig.issuer)),
                {MakeDialect(std::make_shared<OAuthServer>(rig.issuer, nullptr, 0))}) {}

  Exchange Post(const std::string& path, std::string form, http::Headers more = {}) {
    http::Request request = testing::ApiHarness::MakeRequest("POST", path, std::move(form));
    request.headers = {{"Host", "127.0.0.1:8080"}, {"Content-Type", "application/x-www-form-urlencoded"}};
    request.headers.insert(request.headers.end(), more.begin(), more.end());
    request.peer = "10.0.0.1:999";
    return api_.Send(std::move(request));
  }
  Exchange Get(const std::string& path, const std::string& query = "") {
    http::Request request = testing::ApiHarness::MakeRequest("GET", path);
    const Result<Form> form = Form::Parse(query);
    if (form.ok()) request.query = form->fields();
    request.peer = "10.0.0.1:999";
    return api_.Send(std::move(request));
  }

  Exchange Send(http::Request request) { return api_.Send(std::move(request)); }

  issuer::testing::IssuerRig rig;

 private:
  testing::ApiHarness api_;
};

// The value of a hidden field of a page.
std::string Hidden(const std::string& page, const std::string& name) {
  const std::string mark = "name=\"" + name + "\" value=\"";
  const size_t at = page.find(mark);
  if (at == std::string::npos) return "";
  return page.substr(at + mark.size(), page.find('"', at + mark.size()) - at - mark.size());
}

// A field of the query of where an answer leads to.
std::string Led(const Exchange& exchange, const std::string& name) {
  const std::string to = exchange->header("Location");
  return Form::Parse(to.substr(std::min(to.find('?') + 1, to.size()))).value().Get(name);
}

TEST(OAuth, GivesTokensByBasicAndByForm) {
  Site site;
  const Exchange form = site.Post("/oauth/token", "grant_type=client_credentials&client_id=svc&client_secret=hunter2&scope=models%3Am%3Aread");
  ASSERT_EQ(form->status(), 200) << form->body();
  EXPECT_EQ(form->header("Cache-Control"), "no-store");
  EXPECT_EQ(At(form->json(), "token_type"), "Bearer");
  EXPECT_EQ(At(form->json(), "expires_in"), 3600);
  EXPECT_EQ(At(form->json(), "scope"), "models:m:read");
  EXPECT_TRUE(site.rig.Who(At(form->json(), "access_token").as_string()).ok());
  const Exchange basic = site.Post("/oauth/token", "grant_type=client_credentials", {{"Authorization", "Basic c3ZjOmh1bnRlcjI="}});
  EXPECT_EQ(basic->status(), 200) << basic->body();
}

TEST(OAuth, RefusesByRfc6749) {
  Site site;
  const auto error = [&](std::string form, int status, http::Headers headers = {}) {
    const Exchange exchange = site.Post("/oauth/token", std::move(form), std::move(headers));
    EXPECT_EQ(exchange->status(), status) << exchange->body();
    EXPECT_EQ(exchange->header("Cache-Control"), "no-store");
    EXPECT_EQ(exchange->header("WWW-Authenticate"), status == 401 ? "Basic realm=\"panorama\"" : "");
    return At(exchange->json(), "error");
  };
  const std::string good = "client_id=svc&client_secret=hunter2";
  EXPECT_EQ(error("grant_type=client_credentials&client_id=svc&client_secret=no", 401), "invalid_client");
  EXPECT_EQ(error("grant_type=client_credentials", 401), "invalid_client");
  EXPECT_EQ(error(good, 400), "invalid_request");
  EXPECT_EQ(error("grant_type=password&" + good, 400), "unsupported_grant_type");
  EXPECT_EQ(error("grant_type=client_credentials&scope=admin&" + good, 400), "invalid_scope");
  EXPECT_EQ(error("grant_type=authorization_code&code=x&code_verifier=y&" + good, 400), "invalid_grant");
  EXPECT_EQ(error("grant_type=refresh_token&refresh_token=x&" + good, 400), "invalid_grant");
  EXPECT_EQ(error("grant_type=client_credentials&grant_type=client_credentials&" + good, 400), "invalid_request");
  EXPECT_EQ(error("grant_type=%zz", 400), "invalid_request");
  EXPECT_EQ(error("grant_type=client_credentials&client_secret=hunter2", 400, {{"Authorization", "Basic c3ZjOmh1bnRlcjI="}}), "invalid_request");
  EXPECT_EQ(error("grant_type=client_credentials&client_id=other", 400, {{"Authorization", "Basic c3ZjOmh1bnRlcjI="}}), "invalid_request");
  EXPECT_EQ(error("grant_type=client_credentials", 400, {{"Authorization", "Basic !!"}}), "invalid_request");
}

TEST(OAuth, TakesFormsAlone) {
  Site site;
  http::Request request = testing::ApiHarness::MakeRequest("POST", "/oauth/token", "{}");
  const Exchange json = site.Send(std::move(request));
  EXPECT_EQ(json->status(), 415);
  EXPECT_EQ(At(json->json(), "error"), "invalid_request");
}

TEST(OAuth, SaysHowLongToWait) {
  Site site;
  for (int i = 0; i < 11; ++i) EXPECT_EQ(site.Post("/oauth/token", "grant_type=client_credentials&client_id=svc&client_secret=no")->status(), 401);
  const Exchange slow = site.Post("/oauth/token", "grant_type=client_credentials&client_id=svc&client_secret=hunter2");
  EXPECT_EQ(slow->status(), 429);
  EXPECT_EQ(slow->header("Retry-After"), "1");
  EXPECT_EQ(At(slow->json(), "error"), "slow_down");
}

TEST(OAuth, ThePageCannotBeFramedAndRunsNothing) {
  Site site;
  const Exchange page = site.Get("/oauth/authorize", kAsk);
  ASSERT_EQ(page->status(), 200) << page->body();
  const std::string policy = page->header("Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  EXPECT_NE(policy.find("form-action 'self' https://app.example;"), std::string::npos) << policy;
  EXPECT_EQ(page->header("X-Frame-Options"), "DENY");
  EXPECT_EQ(page->body().find("<script"), std::string::npos);
  EXPECT_EQ(Hidden(page->body(), "state"), "a b&amp;c");
  EXPECT_NE(page->header("Set-Cookie").find("HttpOnly; SameSite=Strict; Secure"), std::string::npos);
}

TEST(OAuth, ACodeComesBackAndBecomesATokenOnce) {
  Site site;
  const Exchange page = site.Get("/oauth/authorize", kAsk);
  const std::string cookie = page->header("Set-Cookie").substr(0, page->header("Set-Cookie").find(';'));
  const std::string login = StrCat(kAsk, "&csrf=", Hidden(page->body(), "csrf"), "&username=ann&password=horse");
  const Exchange back = site.Post("/oauth/authorize", login, {{"Cookie", cookie}, {"Origin", "http://127.0.0.1:8080"}});
  ASSERT_EQ(back->status(), 302) << back->body();
  EXPECT_TRUE(back->header("Location").starts_with("https://app.example/done?code="));
  EXPECT_EQ(Led(back, "state"), "a b&c");
  EXPECT_EQ(Led(back, "iss"), "https://id.example");
  const std::string redeem = StrCat("grant_type=authorization_code&client_id=console&redirect_uri=https%3A%2F%2Fapp.example%2Fdone&code_verifier=",
                                    kVerifier, "&code=", Led(back, "code"));
  const Exchange tokens = site.Post("/oauth/token", redeem);
  ASSERT_EQ(tokens->status(), 200) << tokens->body();
  EXPECT_EQ(site.rig.Who(At(tokens->json(), "access_token").as_string()).value().subject, "ann");
  const std::string refresh = StrCat("grant_type=refresh_token&client_id=console&refresh_token=", At(tokens->json(), "refresh_token").as_string());
  const Exchange next = site.Post("/oauth/token", refresh);
  EXPECT_EQ(next->status(), 200);
  EXPECT_EQ(At(site.Post("/oauth/token", refresh)->json(), "error"), "invalid_grant");
  EXPECT_FALSE(site.rig.Who(At(next->json(), "access_token").as_string()).ok()) << "the family has ended";
  EXPECT_EQ(At(site.Post("/oauth/token", redeem)->json(), "error"), "invalid_grant");
}

TEST(OAuth, APageElsewhereCannotLogAnybodyIn) {
  Site site;
  const std::string login = StrCat(kAsk, "&username=ann&password=horse");
  EXPECT_EQ(site.Post("/oauth/authorize", login)->status(), 302) << "no browser: no Origin, no cookie";
  EXPECT_EQ(site.Post("/oauth/authorize", login, {{"Origin", "http://127.0.0.1:8080"}})->status(), 403);
  EXPECT_EQ(site.Post("/oauth/authorize", login, {{"Sec-Fetch-Site", "cross-site"}})->status(), 403);
  EXPECT_EQ(site.Post("/oauth/authorize", login, {{"Cookie", "pano_login=x"}})->status(), 403);
  EXPECT_EQ(site.Post("/oauth/authorize", login + "&csrf=x", {{"Cookie", "pano_login=x"}})->status(), 403);
  EXPECT_EQ(site.Post("/oauth/authorize", login + "&csrf=x")->status(), 403);
}

TEST(OAuth, WhatGoesWrongIsShownOrGoesBack) {
  Site site;
  const auto with = [](std::string_view from, std::string_view to) {
    std::string ask = kAsk;
    return ask.replace(ask.find(from), from.size(), to);
  };
  for (const std::string& stays : {with("client_id=console", "client_id=nobody"), with("app.example", "evil.example"),
                                   with("redirect_uri=https", "redirect_uri=javascript"), std::string("a=%&"), std::string()}) {
    const Exchange exchange = site.Get("/oauth/authorize", stays);
    EXPECT_EQ(exchange->status(), 400) << stays;
    EXPECT_EQ(exchange->header("Location"), "") << stays;
    EXPECT_EQ(site.Post("/oauth/authorize", stays)->status(), 400) << stays;
  }
  const auto back = [&](const std::string& ask) { return Led(site.Get("/oauth/authorize", ask), "error"); };
  EXPECT_EQ(back(with("type=code", "type=token")), "unsupported_response_type");
  EXPECT_EQ(back(with("method=S256", "method=plain")), "invalid_request");
  EXPECT_EQ(back(with("models%3Am%3Apredict", "admin")), "invalid_scope");
  EXPECT_EQ(back(StrCat(kAsk, "&prompt=none")), "login_required");
  const Exchange wrong = site.Post("/oauth/authorize", StrCat(kAsk, "&username=ann&password=cow"));
  EXPECT_EQ(wrong->status(), 401);
  EXPECT_EQ(wrong->header("Location"), "");
  EXPECT_NE(wrong->body().find("the name or the password is wrong"), std::string::npos);
  EXPECT_EQ(site.Post("/oauth/authorize", kAsk)->status(), 400);
}

TEST(OAuth, NothingOfARequestBecomesMarkup) {
  Site site;
  const Exchange page = site.Get("/oauth/authorize", StrCat(kAsk, "&nonce=%22%3E%3Cscript%3E1%3C%2Fscript%3E"));
  EXPECT_EQ(page->body().find("<script"), std::string::npos);
  const Exchange unknown = site.Get("/oauth/authorize", "client_id=%3Cb%3E");
  EXPECT_EQ(unknown->body().find("<b>"), std::string::npos);
}

TEST(OAuth, RevokesAndIntrospects) {
  Site site;
  const std::string client = "client_id=svc&client_secret=hunter2";
  const std::string token = At(site.Post("/oauth/token", "grant_type=client_credentials&" + client)->json(), "access_token").as_string();
  EXPECT_EQ(At(site.Post("/oauth/introspect", StrCat(client, "&token=", token))->json(), "active"), true);
  EXPECT_EQ(site.Post("/oauth/introspect", StrCat("token=", token))->status(), 401);
  EXPECT_EQ(site.Post("/oauth/revoke", StrCat("token=", token))->status(), 401);
  EXPECT_EQ(site.Post("/oauth/revoke", StrCat(client, "&token=", token))->status(), 200);
  EXPECT_EQ(At(site.Post("/oauth/introspect", StrCat(client, "&token=", token))->json(), "active"), false);
  EXPECT_EQ(site.Post("/oauth/revoke", client + "&token=unknown")->status(), 200);
}

TEST(OAuth, PublishesKeysAndMetadata) {
  Site site;
  EXPECT_EQ(At(site.Get("/.well-known/openid-configuration")->json(), "issuer"), "https://id.example");
  EXPECT_EQ(At(site.Get("/.well-known/oauth-authorization-server")->json(), "jwks_uri"), "https://id.example/.well-known/jwks.json");
  const json::Value keys = site.Get("/.well-known/jwks.json")->json();
  EXPECT_EQ(At(keys, "keys/0/alg"), "ES256");
  EXPECT_EQ(At(keys, "keys/0/use"), "sig");
  EXPECT_TRUE(At(keys, "keys/0/d").is_null());
}

TEST(OAuth, WithoutAnIssuerThereIsNothing) {
  testing::ApiHarness api({MakeDialect()});
  EXPECT_EQ(api.Get("/.well-known/jwks.json")->status(), 404);
  EXPECT_EQ(At(api.Get("/oauth/authorize")->json(), "error/code"), "route_not_found");
}

}  // namespace
}  // namespace pano::api::oauth
