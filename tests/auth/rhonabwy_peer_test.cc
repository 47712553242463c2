// Signatures of app/auth/jose against another implementation of JOSE, rhonabwy over GnuTLS: what one signs the other
// finds good, and what one refuses the other does.
#include <gtest/gtest.h>
#include <rhonabwy.h>

#include <memory>
#include <string>

#include "app/auth/jose/base64url.h"
#include "app/auth/jose/compact_jws.h"
#include "app/auth/jose/key_set.h"
#include "app/auth/jose/signing_key.h"
#include "base/strings.h"

namespace pano {
namespace {

using jose::Algorithm;
using jose::SigningKey;

constexpr std::string_view kPayload = R"({"iss":"https://issuer.example","sub":"\u00e9"})";

class Peer {
 public:
  Peer() { EXPECT_EQ(r_global_init(), RHN_OK); }
  ~Peer() { r_global_close(); }

  using Jwk = std::unique_ptr<jwk_t, decltype(&r_jwk_free)>;
  using Jws = std::unique_ptr<jws_t, decltype(&r_jws_free)>;

  static Jwk Key(const json::Value& jwk) {
    jwk_t* key = nullptr;
    EXPECT_EQ(r_jwk_init(&key), RHN_OK);
    EXPECT_EQ(r_jwk_import_from_json_str(key, json::Dump(jwk).c_str()), RHN_OK) << json::Dump(jwk);
    return Jwk(key, r_jwk_free);
  }
  static Jws NewJws() {
    jws_t* jws = nullptr;
    EXPECT_EQ(r_jws_init(&jws), RHN_OK);
    return Jws(jws, r_jws_free);
  }
  static bool Verify(const std::string& token, const json::Value& public_jwk) {
    const Jwk key = Key(public_jwk);
    const Jws jws = NewJws();
    return r_jws_parse(jws.get(), token.c_str(), R_FLAG_IGNORE_REMOTE) == RHN_OK &&
           r_jws_verify_signature(jws.get(), key.get(), R_FLAG_IGNORE_REMOTE) == RHN_OK;
  }
  static std::string Sign(const json::Value& private_jwk, Algorithm algorithm) {
    const Jwk key = Key(private_jwk);
    const Jws jws = NewJws();
    EXPECT_EQ(r_jws_set_payload(jws.get(), reinterpret_cast<const unsigned char*>(kPayload.data()), kPayload.size()), RHN_OK);
    EXPECT_EQ(r_jws_set_alg(jws.get(), r_str_to_jwa_alg(std::string(jose::AlgorithmName(algorithm)).c_str())), RHN_OK);
    char* text = r_jws_serialize(jws.get(), key.get(), 0);
    EXPECT_NE(text, nullptr);
    std::string token = text ? text : "";
    r_free(text);
    return token;
  }
};

TEST(RhonabwyPeer, FindsGoodWhatWeSign) {
  const Peer peer;
  for (Algorithm algorithm : jose::kAlgorithms) {
    const SigningKey key = std::move(SigningKey::Generate(algorithm)).value();
    const std::string token = jose::SignCompact(key, "at+jwt", kPayload).value();
    EXPECT_TRUE(peer.Verify(token, key.PublicJwk())) << jose::AlgorithmName(algorithm);
    const SigningKey other = std::move(SigningKey::Generate(algorithm)).value();
    EXPECT_FALSE(peer.Verify(token, other.PublicJwk())) << jose::AlgorithmName(algorithm);
  }
}

TEST(RhonabwyPeer, SignsWhatWeFindGood) {
  const Peer peer;
  for (Algorithm algorithm : jose::kAlgorithms) {
    const SigningKey key = std::move(SigningKey::Generate(algorithm)).value();
    const std::string token = peer.Sign(key.PrivateJwk(), algorithm);
    const jose::KeySet keys =
        std::move(jose::KeySet::Parse(StrCat(R"({"keys":[)", json::Dump(key.PublicJwk()), "]}"))).value();
    const Result<jose::CompactJws> jws = jose::ParseCompactJws(token);
    ASSERT_TRUE(jws.ok()) << jose::AlgorithmName(algorithm) << ": " << jws.error().message();
    EXPECT_EQ(jws->payload, kPayload);
    EXPECT_NE(jose::VerifyJws(*jws, keys), nullptr) << jose::AlgorithmName(algorithm);
  }
}

TEST(RhonabwyPeer, HasTheSameThumbprints) {
  const Peer peer;
  for (Algorithm algorithm : {Algorithm::kRs256, Algorithm::kEs256, Algorithm::kEs512, Algorithm::kEdDsa}) {
    const SigningKey key = std::move(SigningKey::Generate(algorithm)).value();
    const Peer::Jwk theirs = peer.Key(key.PublicJwk());
    char* thumbprint = r_jwk_thumbprint(theirs.get(), R_JWK_THUMB_SHA256, 0);
    EXPECT_STREQ(thumbprint, key.thumbprint().c_str()) << jose::AlgorithmName(algorithm);
    r_free(thumbprint);
  }
}

}  // namespace
}  // namespace pano
