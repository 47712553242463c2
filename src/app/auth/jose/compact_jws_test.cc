#include "app/auth/jose/compact_jws.h"

#include <gtest/gtest.h>

#include "app/auth/jose/base64url.h"
#include "app/auth/jose/signing_key.h"
#include "base/strings.h"

namespace pano::jose {
namespace {

std::string Token(std::string_view header, std::string_view payload = "{}", std::string_view signature = "s") {
  return StrCat(EncodeBase64Url(header), ".", EncodeBase64Url(payload), ".", EncodeBase64Url(signature));
}

TEST(CompactJws, IsTakenApart) {
  const std::string text = Token(R"({"alg":"ES384","kid":"k","typ":"JWT","x-other":[1]})", "payload", "signature");
  const CompactJws jws = std::move(ParseCompactJws(text)).value();
  EXPECT_EQ(jws.algorithm, Algorithm::kEs384);
  EXPECT_EQ(jws.kid, "k");
  EXPECT_EQ(jws.payload, "payload");
  EXPECT_EQ(jws.signature, "signature");
  EXPECT_EQ(StrCat(jws.signed_text, ".", EncodeBase64Url("signature")), text);
  EXPECT_EQ(ParseCompactJws(Token(R"({"alg":"EdDSA"})"))->kid, "");
}

TEST(CompactJws, RefusesHeadersThatCannotBeBelieved) {
  for (const char* header :
       {"", "{", "[]", "null", "\"x\"", R"({"typ":"JWT"})", R"({"alg":1})", R"({"alg":null})", R"({"alg":"none"})",
        R"({"alg":"NONE"})", R"({"alg":""})", R"({"alg":"HS256"})", R"({"alg":"rs256"})", R"({"alg":"RS256 "})",
        R"({"alg":"ES256K"})", R"({"alg":["RS256"]})", R"({"alg":"RS256","alg":"RS256"})", R"({"alg":"RS256","alg":"none"})",
        R"({"alg":"RS256","kid":1})", R"({"alg":"RS256","kid":null})", R"({"alg":"RS256","jwk":{}})",
        R"({"alg":"RS256","jku":"https://x"})", R"({"alg":"RS256","x5u":"https://x"})", R"({"alg":"RS256","x5c":[]})",
        R"({"alg":"RS256","crit":[]})", R"({"alg":"RS256","crit":["exp"]})", R"({"alg":"RS256","crit":null})",
        R"({"alg":"RS256","b64":false})", R"({"alg":"RS256","b64":0})", "{\"alg\":\"RS256\",\"x\":\"\xff\"}"}) {
    Result<CompactJws> jws = ParseCompactJws(Token(header));
    ASSERT_FALSE(jws.ok()) << header;
    EXPECT_EQ(jws.error().code(), StatusCode::kInvalidArgument) << header;
  }
  EXPECT_TRUE(ParseCompactJws(Token(R"({"alg":"RS256","b64":true,"zip":1,"x5t":"A"})")).ok());
  const std::string deep = StrCat(R"({"alg":"RS256","x":)", std::string(100, '['), std::string(100, ']'), "}");
  EXPECT_FALSE(ParseCompactJws(Token(deep)).ok());
}

TEST(CompactJws, RefusesWhateverIsNotThreeParts) {
  const std::string good = Token(R"({"alg":"RS256"})");
  ASSERT_TRUE(ParseCompactJws(good).ok());
  const std::string two = good.substr(0, good.rfind('.'));
  for (const std::string& text : {std::string(), std::string("."), std::string(".."), two, two + ".", good + ".", good + ".AA",
                                  good + "=", " " + good, good + "\n", "." + good, StrCat(two, ".A+/A"), StrCat("{", good, "}")}) {
    EXPECT_FALSE(ParseCompactJws(text).ok()) << text;
  }
}

TEST(CompactJws, HasALimit) {
  const std::string header = R"({"alg":"RS256"})";
  EXPECT_TRUE(ParseCompactJws(Token(header, std::string(7 << 10, 'x'))).ok());
  Result<CompactJws> large = ParseCompactJws(Token(header, std::string(30000, 'x')));
  ASSERT_FALSE(large.ok());
  EXPECT_NE(large.error().message().find("16384"), std::string::npos);
}

// What a token may cost is known before it is checked: by curve, and for one without kid by all keys that fit.
TEST(CompactJws, HasACostBeforeItIsChecked) {
  std::string keys = "{\"keys\":[";
  for (const Algorithm algorithm : {Algorithm::kEs256, Algorithm::kEs256, Algorithm::kEs256, Algorithm::kEs512}) {
    const SigningKey key = std::move(SigningKey::Generate(algorithm)).value();
    keys += StrCat(keys.back() == '[' ? "" : ",", json::Dump(key.PublicJwk()));
  }
  const KeySet set = std::move(KeySet::Parse(keys + "]}")).value();
  CompactJws jws;
  jws.algorithm = Algorithm::kEs256;
  const int all = VerifyMicroseconds(jws, set);
  jws.kid = set.keys()[0].kid();
  const int one = VerifyMicroseconds(jws, set);
  EXPECT_GT(one, 0);
  EXPECT_EQ(all, 3 * one);
  jws.kid = set.keys()[3].kid();
  EXPECT_EQ(VerifyMicroseconds(jws, set), 0);   // that key is none for it
  jws.algorithm = Algorithm::kEs512;
  EXPECT_GT(VerifyMicroseconds(jws, set), 3 * one);
}

// A refusal is shown to callers and written to logs: it must not hold what was sent.
TEST(CompactJws, ARefusalDoesNotRepeatTheToken) {
  const std::string text = Token(R"({"alg":"none"})", R"({"secret":"swordfish"})", "sig");
  const std::string message = ParseCompactJws(text).error().message();
  EXPECT_EQ(message.find(text.substr(20, 10)), std::string::npos);
  EXPECT_EQ(message.find("swordfish"), std::string::npos);
}

}  // namespace
}  // namespace pano::jose
