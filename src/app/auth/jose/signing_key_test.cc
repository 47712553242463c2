#include "app/auth/jose/signing_key.h"

#include <gtest/gtest.h>

#include "app/auth/jose/compact_jws.h"
#include "app/auth/jose/key_set.h"
#include "base/strings.h"

namespace pano::jose {
namespace {

KeySet Published(const SigningKey& key) {
  return std::move(KeySet::Parse(StrCat(R"({"keys":[)", json::Dump(key.PublicJwk()), "]}"))).value();
}

TEST(SigningKey, WhatItSignsItsPublicKeyFindsGood) {
  for (Algorithm algorithm : kAlgorithms) {
    const SigningKey key = std::move(SigningKey::Generate(algorithm)).value();
    const KeySet keys = Published(key);
    ASSERT_EQ(keys.keys().size(), 1u) << AlgorithmName(algorithm);
    const std::string text = SignCompact(key, "at+jwt", R"({"sub":"u"})").value();
    const CompactJws jws = std::move(ParseCompactJws(text)).value();
    EXPECT_EQ(jws.algorithm, algorithm);
    EXPECT_EQ(jws.kid, key.thumbprint());
    EXPECT_EQ(jws.payload, R"({"sub":"u"})");
    EXPECT_EQ(jws.header.Find("typ")->as_string(), "at+jwt");
    EXPECT_NE(VerifyJws(jws, keys), nullptr) << AlgorithmName(algorithm);

    const KeySet others = Published(std::move(SigningKey::Generate(algorithm)).value());
    EXPECT_EQ(VerifyJws(jws, others), nullptr) << AlgorithmName(algorithm);
    EXPECT_FALSE(others.keys()[0].Verify(algorithm, jws.signed_text, jws.signature)) << AlgorithmName(algorithm);
  }
}

TEST(SigningKey, ComesBackFromItsJwk) {
  for (Algorithm algorithm : kAlgorithms) {
    const SigningKey key = std::move(SigningKey::Generate(algorithm)).value();
    Result<SigningKey> again = SigningKey::FromJwk(key.PrivateJwk(), algorithm);
    ASSERT_TRUE(again.ok()) << AlgorithmName(algorithm) << ": " << again.error().message();
    EXPECT_EQ(again->thumbprint(), key.thumbprint());
    EXPECT_EQ(again->PrivateJwk(), key.PrivateJwk());
    const std::string signature = again->Sign("text").value();
    EXPECT_TRUE(Published(key).keys()[0].Verify(algorithm, "text", signature));
  }
}

TEST(SigningKey, ItsPublicJwkHoldsNothingPrivate) {
  for (Algorithm algorithm : {Algorithm::kRs256, Algorithm::kEs256, Algorithm::kEdDsa}) {
    const json::Value jwk = SigningKey::Generate(algorithm)->PublicJwk();
    for (const char* name : {"d", "p", "q", "dp", "dq", "qi", "k"}) EXPECT_EQ(jwk.Find(name), nullptr) << name;
    EXPECT_EQ(jwk.Find("use")->as_string(), "sig");
  }
}

TEST(SigningKey, RefusesWhatIsNoPrivateKeyOfTheAlgorithm) {
  const SigningKey key = std::move(SigningKey::Generate(Algorithm::kEs256)).value();
  EXPECT_FALSE(SigningKey::FromJwk(key.PrivateJwk(), Algorithm::kEs384).ok());
  EXPECT_FALSE(SigningKey::FromJwk(key.PrivateJwk(), Algorithm::kRs256).ok());
  EXPECT_FALSE(SigningKey::FromJwk(key.PublicJwk(), Algorithm::kEs256).ok());
  EXPECT_FALSE(SigningKey::FromJwk(json::Value(), Algorithm::kEs256).ok());
}

}  // namespace
}  // namespace pano::jose
