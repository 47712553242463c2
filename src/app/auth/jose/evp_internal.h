#pragma once

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <string_view>

#include "app/auth/jose/algorithm.h"
#include "base/freed_by.h"
#include "base/json.h"
#include "base/result.h"

// What public_key.cc and signing_key.cc share of OpenSSL's EVP interface.
namespace pano::jose::evp {

using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreedBy<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreedBy<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, FreedBy<BN_clear_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, FreedBy<ECDSA_SIG_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, FreedBy<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, FreedBy<OSSL_PARAM_free>>;

inline const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
inline unsigned char* Bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

struct Curve {
  KeyKind kind;
  std::string_view name;   // of the JWK
  const char* group;       // of OpenSSL
  size_t bytes;            // of a coordinate; of a key for Edwards curves
};
// Null for a curve that is not ours.
const Curve* FindCurve(std::string_view name);
const Curve& CurveOf(KeyKind kind);

// The member `name` of a JWK as bytes: InvalidArgument when it is absent or no base64url.
Result<std::string> Member(const json::Value& jwk, std::string_view name);
// The key of a JWK: with its private part when `with_private`. InvalidArgument.
Result<Key> FromJwk(const json::Value& jwk, bool with_private, KeyKind* kind);
// Kind and, for RSA, size are what they have to be: InvalidArgument.
Status CheckStrength(EVP_PKEY* key, KeyKind kind);

const EVP_MD* DigestOf(Algorithm algorithm);   // null for EdDSA
// Sets padding and salt of the RSA algorithms; whether that worked.
bool SetPadding(EVP_PKEY_CTX* context, Algorithm algorithm);

}  // namespace pano::jose::evp
