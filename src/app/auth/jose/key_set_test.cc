#include "app/auth/jose/key_set.h"

#include <gtest/gtest.h>

#include "app/auth/jose/signing_key.h"
#include "base/strings.h"

namespace pano::jose {
namespace {

std::string Document(const std::vector<json::Value>& keys) {
  json::Value list{json::Array(keys)};
  json::Value document;
  document.Set("keys", std::move(list));
  return json::Dump(document);
}

json::Value With(json::Value jwk, std::string_view name, json::Value value) {
  jwk.Set(name, std::move(value));
  return jwk;
}

json::Value Without(const json::Value& jwk, std::string_view name) {
  json::Value rest;
  for (const auto& [key, value] : jwk.as_object()) {
    if (key != name) rest.Set(key, value);
  }
  return rest;
}

json::Value NewJwk(Algorithm algorithm) { return SigningKey::Generate(algorithm)->PublicJwk(); }

TEST(KeySet, LeavesOutWhatIsNoKeyForSignaturesAndKeepsTheOthers) {
  const json::Value good = NewJwk(Algorithm::kEs256);
  const json::Value rsa = Without(NewJwk(Algorithm::kRs256), "alg");
  const std::vector<json::Value> bad = {
      json::Value(), json::Value(1), json::Value(json::Array()), json::Value(json::Object()),
      With(good, "kty", "AKP"), With(good, "kty", 7), With(good, "kty", "OKP"), With(good, "crv", "secp256k1"),
      With(good, "crv", "P-384"), With(good, "x", "AQ"), With(good, "x", "!"), With(good, "x", nullptr),
      With(good, "y", good.Find("x")->as_string()),   // not on the curve
      With(good, "use", "enc"), With(good, "use", 1), With(good, "key_ops", "verify"),
      With(good, "key_ops", json::Array{"encrypt"}), With(good, "alg", "ES384"), With(good, "alg", "HS256"),
      With(good, "alg", json::Array()), With(good, "kid", 1), With(good, "kid", std::string(2000, 'k')),
      With(good, "d", "AAAA"), With(rsa, "e", "AA"), With(rsa, "e", "AQ"), With(rsa, "e", "Ag"),
      With(rsa, "e", "AQAAAAAAAAAAAQ"), With(rsa, "n", "AQAB"), With(rsa, "n", std::string(4000, 'A')), Without(rsa, "n"),
      With(NewJwk(Algorithm::kEdDsa), "x", "AQ"), With(NewJwk(Algorithm::kEdDsa), "crv", "X25519")};
  for (const json::Value& entry : bad) {
    Result<KeySet> set = KeySet::Parse(Document({entry, good, rsa}));
    ASSERT_TRUE(set.ok());
    EXPECT_EQ(set->keys().size(), 2u) << json::Dump(entry);
    ASSERT_EQ(set->skipped().size(), 1u) << json::Dump(entry);
    EXPECT_TRUE(set->skipped()[0].starts_with("entry 1")) << set->skipped()[0];
  }
}

TEST(KeySet, MayBeToldToPassOverPrivateParts) {
  const SigningKey key = std::move(SigningKey::Generate(Algorithm::kEs256)).value();
  const std::string text = Document({key.PrivateJwk()});
  EXPECT_TRUE(KeySet::Parse(text)->keys().empty());
  const KeySet set = std::move(KeySet::Parse(text, PrivateParts::kIgnore)).value();
  ASSERT_EQ(set.keys().size(), 1u);
  EXPECT_TRUE(set.keys()[0].Verify(Algorithm::kEs256, "text", key.Sign("text").value()));
}

TEST(KeySet, RefusesATextThatIsNoKeySet) {
  for (const char* text : {"", "[]", "{}", "null", R"({"keys":{}})", R"({"keys":"x"})", "{\"keys\":[", "\xff"}) {
    Result<KeySet> set = KeySet::Parse(text);
    ASSERT_FALSE(set.ok()) << text;
    EXPECT_EQ(set.error().code(), StatusCode::kCorruption);
  }
  const std::string deep = StrCat(R"({"keys":[)", std::string(1000, '['), std::string(1000, ']'), "]}");
  EXPECT_FALSE(KeySet::Parse(deep).ok());
  EXPECT_FALSE(KeySet::Parse(StrCat(R"({"keys":[],"x":")", std::string(KeySet::kBytesMax, 'x'), "\"}")).ok());
  EXPECT_TRUE(KeySet::Parse(R"({"keys":[]})")->keys().empty());
}

TEST(KeySet, ReadsAtMostSoManyEntries) {
  std::vector<json::Value> entries(KeySet::kKeysMax, json::Value(json::Object()));
  entries.push_back(NewJwk(Algorithm::kEs256));
  const KeySet set = std::move(KeySet::Parse(Document(entries))).value();
  EXPECT_TRUE(set.keys().empty());
  EXPECT_EQ(set.skipped().back(), "1 entries after the first 2048");
}

TEST(KeySet, CandidatesHaveTheKidAndFitTheAlgorithm) {
  const json::Value rsa = Without(NewJwk(Algorithm::kRs256), "alg");
  const KeySet set = std::move(KeySet::Parse(Document(
      {With(rsa, "kid", "same"), With(NewJwk(Algorithm::kEs256), "kid", "same"), With(NewJwk(Algorithm::kPs512), "kid", "ps"),
       Without(NewJwk(Algorithm::kEdDsa), "kid")}))).value();
  ASSERT_EQ(set.keys().size(), 4u);
  EXPECT_EQ(set.Candidates("same", Algorithm::kRs512), std::vector<const PublicKey*>{&set.keys()[0]});
  EXPECT_EQ(set.Candidates("same", Algorithm::kEs256), std::vector<const PublicKey*>{&set.keys()[1]});
  EXPECT_TRUE(set.Candidates("ps", Algorithm::kRs512).empty());
  EXPECT_TRUE(set.Candidates("other", Algorithm::kEdDsa).empty());
  EXPECT_EQ(set.Candidates("", Algorithm::kPs512).size(), 2u);
  EXPECT_EQ(set.Candidates("", Algorithm::kEdDsa).size(), 1u);
  EXPECT_TRUE(set.HasKid("same"));
  EXPECT_FALSE(set.HasKid("Same"));
}

TEST(KeySet, IsTheSameInAnotherOrderAndAnotherOnceAKeyHasGone) {
  const json::Value a = NewJwk(Algorithm::kEs256), b = NewJwk(Algorithm::kEdDsa);
  const KeySet both = std::move(KeySet::Parse(Document({a, b}))).value();
  EXPECT_TRUE(both == *KeySet::Parse(Document({b, a})));
  EXPECT_FALSE(both == *KeySet::Parse(Document({a})));
  EXPECT_FALSE(both == *KeySet::Parse(Document({a, With(b, "kid", "other")})));
}

}  // namespace
}  // namespace pano::jose
