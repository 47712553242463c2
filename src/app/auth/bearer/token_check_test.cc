#include "app/auth/bearer/token_check.h"

#include <gtest/gtest.h>

#include "app/auth/authenticator.h"
#include "app/auth/jose/unique_object.h"
#include "base/strings.h"

namespace pano::bearer {
namespace {

constexpr int64_t kNow = 1000;

IssuerSettings Settings() {
  IssuerSettings issuer;
  issuer.issuer = "i";
  issuer.audiences = {"a", "b"};
  return issuer;
}

// The claims of a good token with some of them set otherwise: `changes` is JSON, null takes one away.
Result<VerifiedToken> Read(std::string_view changes, const IssuerSettings& issuer = Settings(),
                           std::string_view header = R"({"typ":"at+jwt"})") {
  json::Value claims = json::Parse(R"({"iss":"i","aud":"a","exp":2000,"iat":900,"sub":"s","client_id":"c","jti":"j"})").value();
  const json::Value changed = json::Parse(changes).value();
  for (const auto& [name, value] : changed.as_object()) claims.Set(name, value);
  json::Value kept{json::Object()};
  for (const auto& [name, value] : claims.as_object()) {
    if (!value.is_null()) kept.Set(name, value);
  }
  jose::CompactJws jws;
  jws.header = json::Parse(header).value();
  return ReadClaims(jws, kept, issuer, kNow);
}

IssuerSettings Strict() {
  IssuerSettings issuer = Settings();
  issuer.rfc9068 = true;
  return issuer;
}

TEST(ReadClaims, TakesWhatAGoodTokenSays) {
  Result<VerifiedToken> token = Read(R"({"tenant":"t","scope":"models:m:read openid","nbf":5.5,"exp":2000.25})");
  ASSERT_TRUE(token.ok()) << token.error().message();
  EXPECT_EQ(token->principal.tenant, "t");
  EXPECT_EQ(token->principal.subject, "s");
  EXPECT_EQ(token->principal.client_id, "c");
  EXPECT_EQ(token->principal.scopes.ToString(), "models:m:read");
  EXPECT_EQ(token->principal.expires_unix, 2000);
  EXPECT_EQ(token->expires, 2000.25);
  EXPECT_EQ(token->not_before, 5.5);
  EXPECT_EQ(token->token_id, "j");
}

TEST(ReadClaims, WithoutScopesNothingIsAllowed) {
  EXPECT_TRUE(Read("{}")->principal.scopes.empty());
  EXPECT_TRUE(Read(R"({"scope":""})")->principal.scopes.empty());
  EXPECT_TRUE(Read(R"({"scope":[]})")->principal.scopes.empty());
  EXPECT_TRUE(Read(R"({"roles":["admin"]})")->principal.scopes.empty());
  EXPECT_EQ(Read("{}")->principal.tenant, "default");
}

TEST(ReadClaims, ScopesMayBeAListAndTheClientMayBeAzp) {
  EXPECT_EQ(Read(R"({"scope":["admin","x"]})")->principal.scopes.ToString(), "admin");
  EXPECT_EQ(Read(R"({"client_id":null,"azp":"z"})")->principal.client_id, "z");
  EXPECT_EQ(Read(R"({"aud":["x","b"]})")->principal.subject, "s");
}

TEST(ReadClaims, RolesBecomeScopes) {
  IssuerSettings issuer = Settings();
  issuer.roles["reader"] = auth::ScopeSet::Parse("models:*:read").value();
  issuer.roles["boss"] = auth::ScopeSet::All();
  EXPECT_EQ(Read(R"({"roles":["reader","other"]})", issuer)->principal.scopes.ToString(), "models:*:read");
  EXPECT_EQ(Read(R"({"roles":"reader","scope":"metrics:read"})", issuer)->principal.scopes.ToString(),
            "metrics:read models:*:read");
  EXPECT_TRUE(Read(R"({"roles":["Boss"]})", issuer)->principal.scopes.empty());
  issuer.roles_claim = ClaimPath::Parse("realm_access.roles").value();
  EXPECT_TRUE(Read(R"({"realm_access":{"roles":["boss"]}})", issuer)->principal.scopes.IsAdmin());
  EXPECT_TRUE(Read(R"({"roles":["boss"]})", issuer)->principal.scopes.empty());
}

TEST(ReadClaims, RefusesWhatIsNotAsItShouldBe) {
  for (const char* changes :
       {R"({"iss":null})", R"({"iss":"j"})", R"({"iss":["i"]})", R"({"iss":""})", R"({"aud":null})", R"({"aud":"c"})",
        R"({"aud":[]})", R"({"aud":["c"]})", R"({"aud":["a",1]})", R"({"aud":{"a":1}})", R"({"aud":1})", R"({"exp":null})",
        R"({"exp":"2000"})", R"({"exp":true})", R"({"exp":-1})", R"({"exp":[2000]})", R"({"nbf":"0"})", R"({"nbf":-1})",
        R"({"iat":"900"})", R"({"iat":1061})", R"({"sub":1})", R"({"client_id":{}})", R"({"jti":7})", R"({"tenant":""})",
        R"({"tenant":7})", R"({"tenant":["t"]})", "{\"tenant\":\"a\\nb\"}", R"({"scope":7})", R"({"scope":[7]})",
        R"({"scope":{"admin":true}})", R"({"cnf":1})", R"({"cnf":{}})", R"({"cnf":{"jkt":"x"}})", R"({"cnf":{"x5t#S256":1}})",
        R"({"cnf":{"x5t#S256":""}})", R"({"cnf":{"x5t#S256":"x","jkt":"y"}})"}) {
    Result<VerifiedToken> token = Read(changes);
    ASSERT_FALSE(token.ok()) << changes;
    EXPECT_EQ(token.error().code(), StatusCode::kUnauthenticated);
    EXPECT_EQ(token.error().reason(), auth::kInvalidToken);
  }
  EXPECT_FALSE(Read(StrCat(R"({"sub":")", std::string(2000, 's'), "\"}")).ok());
}

TEST(ReadClaims, TypIsThatOfAnAccessToken) {
  for (const char* fine : {R"({})", R"({"typ":"JWT"})", R"({"typ":"jwt"})", R"({"typ":"at+jwt"})", R"({"typ":"AT+JWT"})",
                           R"({"typ":"application/at+jwt"})"}) {
    EXPECT_TRUE(Read("{}", Settings(), fine).ok()) << fine;
  }
  for (const char* wrong : {R"({"typ":""})", R"({"typ":"secevent+jwt"})", R"({"typ":"application/jwt"})", R"({"typ":1})",
                            R"({"typ":null})", R"({"typ":"dpop+jwt"})", R"({"typ":"at+jwt "})", R"({"typ":"logout+jwt"})"}) {
    EXPECT_FALSE(Read("{}", Settings(), wrong).ok()) << wrong;
  }
  EXPECT_TRUE(Read("{}", Strict(), R"({"typ":"application/at+jwt"})").ok());
  EXPECT_FALSE(Read("{}", Strict(), R"({"typ":"JWT"})").ok());
  EXPECT_FALSE(Read("{}", Strict(), "{}").ok());
}

TEST(ReadClaims, TheProfileNeedsEveryClaimOfRfc9068) {
  EXPECT_TRUE(Read("{}", Strict()).ok());
  for (const char* name : {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}) {
    const std::string without = StrCat("{\"", name, "\":null}");
    EXPECT_FALSE(Read(without, Strict()).ok()) << name;
  }
  for (const char* name : {"sub", "client_id", "iat", "jti"}) {
    EXPECT_TRUE(Read(StrCat("{\"", name, "\":null}")).ok()) << name;
  }
  EXPECT_FALSE(Read(R"({"jti":""})", Strict()).ok());
  EXPECT_FALSE(Read(R"({"client_id":null,"azp":"c"})", Strict()).ok());
}

TEST(CheckMoment, AllowsForClocksThatDiffer) {
  VerifiedToken token;
  token.expires = 1000;
  token.not_before = 500;
  const IssuerSettings issuer = Settings();
  EXPECT_TRUE(CheckMoment(token, issuer, 1059, "").ok());
  EXPECT_FALSE(CheckMoment(token, issuer, 1060, "").ok());
  EXPECT_TRUE(CheckMoment(token, issuer, 440, "").ok());
  EXPECT_FALSE(CheckMoment(token, issuer, 439, "").ok());
  IssuerSettings exact = Settings();
  exact.clock_skew = 0;
  EXPECT_FALSE(CheckMoment(token, exact, 1000, "").ok());
  EXPECT_TRUE(CheckMoment(token, exact, 999, "").ok());
}

TEST(CheckMoment, ATokenOfTheFarFutureIsStillANumber) {
  Result<VerifiedToken> token = Read(R"({"exp":1e300})");
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->principal.expires_unix, 253402300799);
  EXPECT_TRUE(CheckMoment(*token, Settings(), kNow, "").ok());
}

}  // namespace
}  // namespace pano::bearer
