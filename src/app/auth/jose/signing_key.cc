#include "app/auth/jose/signing_key.h"

#include <array>

#include "app/auth/jose/base64url.h"
#include "app/auth/jose/evp_internal.h"
#include "app/auth/jose/public_key.h"
#include "base/strings.h"

namespace pano::jose {
namespace {

KeyKind KindFor(Algorithm algorithm) {
  for (KeyKind kind : {KeyKind::kRsa, KeyKind::kP256, KeyKind::kP384, KeyKind::kP521}) {
    if (Fits(algorithm, kind)) return kind;
  }
  return KeyKind::kEd25519;
}

std::string NumberText(EVP_PKEY* key, const char* parameter, size_t bytes_min = 1) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &raw) != 1) return {};
  const evp::Number number(raw);
  const size_t bytes = std::max(bytes_min, static_cast<size_t>(BN_num_bytes(raw)));
  std::string text(bytes, '\0');
  BN_bn2binpad(raw, evp::Bytes(text), static_cast<int>(bytes));
  return EncodeBase64Url(text);
}

std::string RawText(EVP_PKEY* key, bool is_private) {
  std::string text(64, '\0');
  size_t size = text.size();
  const int got = is_private ? EVP_PKEY_get_raw_private_key(key, evp::Bytes(text), &size)
                             : EVP_PKEY_get_raw_public_key(key, evp::Bytes(text), &size);
  text.resize(got == 1 ? size : 0);
  return EncodeBase64Url(text);
}

json::Value RsaJwk(EVP_PKEY* key, bool with_private) {
  json::Value jwk;
  jwk.Set("kty", "RSA");
  jwk.Set("n", NumberText(key, OSSL_PKEY_PARAM_RSA_N));
  jwk.Set("e", NumberText(key, OSSL_PKEY_PARAM_RSA_E));
  if (!with_private) return jwk;
  jwk.Set("d", NumberText(key, OSSL_PKEY_PARAM_RSA_D));
  jwk.Set("p", NumberText(key, OSSL_PKEY_PARAM_RSA_FACTOR1));
  jwk.Set("q", NumberText(key, OSSL_PKEY_PARAM_RSA_FACTOR2));
  jwk.Set("dp", NumberText(key, OSSL_PKEY_PARAM_RSA_EXPONENT1));
  jwk.Set("dq", NumberText(key, OSSL_PKEY_PARAM_RSA_EXPONENT2));
  jwk.Set("qi", NumberText(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1));
  return jwk;
}

json::Value CurveJwk(EVP_PKEY* key, KeyKind kind, bool with_private) {
  const evp::Curve& curve = evp::CurveOf(kind);
  const bool edwards = kind == KeyKind::kEd25519 || kind == KeyKind::kEd448;
  json::Value jwk;
  jwk.Set("kty", edwards ? "OKP" : "EC");
  jwk.Set("crv", curve.name);
  if (edwards) {
    jwk.Set("x", RawText(key, false));
    if (with_private) jwk.Set("d", RawText(key, true));
    return jwk;
  }
  jwk.Set("x", NumberText(key, OSSL_PKEY_PARAM_EC_PUB_X, curve.bytes));
  jwk.Set("y", NumberText(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve.bytes));
  if (with_private) jwk.Set("d", NumberText(key, OSSL_PKEY_PARAM_PRIV_KEY, curve.bytes));
  return jwk;
}

// The DER of OpenSSL as r||s of full length (RFC 7518, 3.4); "" when it is none.
std::string FullLength(std::string_view der, size_t coordinate_bytes) {
  const unsigned char* at = evp::Bytes(der);
  const evp::Signature parts(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!parts) return {};
  std::string text(2 * coordinate_bytes, '\0');
  const int size = static_cast<int>(coordinate_bytes);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), evp::Bytes(text), size) != size) return {};
  if (BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), evp::Bytes(text) + coordinate_bytes, size) != size) return {};
  return text;
}

}  // namespace

struct SigningKey::Handle {
  evp::Key key;
  KeyKind kind = KeyKind::kRsa;
};

Result<SigningKey> SigningKey::Generate(Algorithm algorithm) {
  const KeyKind kind = KindFor(algorithm);
  EVP_PKEY* raw = nullptr;
  if (kind == KeyKind::kRsa) {
    raw = EVP_RSA_gen(2048);
  } else if (kind == KeyKind::kEd25519) {
    raw = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  } else {
    raw = EVP_EC_gen(evp::CurveOf(kind).group);
  }
  if (!raw) return Internal("[auth] no signing key can be made: the random number generator fails");
  SigningKey key;
  key.handle_ = std::make_shared<const Handle>(Handle{evp::Key(raw), kind});
  key.algorithm_ = algorithm;
  key.thumbprint_ = Thumbprint(key.PublicJwk());
  return key;
}

Result<SigningKey> SigningKey::FromJwk(const json::Value& private_jwk, Algorithm algorithm) {
  KeyKind kind = KeyKind::kRsa;
  PANO_ASSIGN_OR_RETURN(evp::Key handle, evp::FromJwk(private_jwk, /*with_private=*/true, &kind));
  if (!Fits(algorithm, kind)) return InvalidArgument(StrCat("it is no key for ", AlgorithmName(algorithm)));
  PANO_RETURN_IF_ERROR(evp::CheckStrength(handle.get(), kind));
  SigningKey key;
  key.handle_ = std::make_shared<const Handle>(Handle{std::move(handle), kind});
  key.algorithm_ = algorithm;
  key.thumbprint_ = Thumbprint(private_jwk);
  return key;
}

json::Value SigningKey::PublicJwk() const {
  EVP_PKEY* key = handle_->key.get();
  json::Value jwk = handle_->kind == KeyKind::kRsa ? RsaJwk(key, false) : CurveJwk(key, handle_->kind, false);
  if (!thumbprint_.empty()) jwk.Set("kid", thumbprint_);
  jwk.Set("use", "sig");
  jwk.Set("alg", AlgorithmName(algorithm_));
  return jwk;
}

json::Value SigningKey::PrivateJwk() const {
  EVP_PKEY* key = handle_->key.get();
  json::Value jwk = handle_->kind == KeyKind::kRsa ? RsaJwk(key, true) : CurveJwk(key, handle_->kind, true);
  jwk.Set("kid", thumbprint_);
  jwk.Set("alg", AlgorithmName(algorithm_));
  return jwk;
}

Result<std::string> SigningKey::Sign(std::string_view data) const {
  const evp::DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;   // owned by `context`
  std::string signature(1024, '\0');     // RSA of 8192 bits
  size_t size = signature.size();
  const bool made =
      context &&
      EVP_DigestSignInit(context.get(), &key_context, evp::DigestOf(algorithm_), nullptr, handle_->key.get()) == 1 &&
      evp::SetPadding(key_context, algorithm_) &&
      EVP_DigestSign(context.get(), evp::Bytes(signature), &size, evp::Bytes(data), data.size()) == 1;
  ERR_clear_error();
  if (!made) return Internal(StrCat("[auth] signing by ", AlgorithmName(algorithm_), " fails"));
  signature.resize(size);
  const KeyKind kind = handle_->kind;
  if (kind != KeyKind::kP256 && kind != KeyKind::kP384 && kind != KeyKind::kP521) return signature;
  std::string full = FullLength(signature, evp::CurveOf(kind).bytes);
  if (full.empty()) return Internal("[auth] a signature is not what it should be");
  return full;
}

Result<std::string> SignCompact(const SigningKey& key, std::string_view typ, std::string_view payload) {
  json::Value header;
  header.Set("alg", AlgorithmName(key.algorithm()));
  if (!typ.empty()) header.Set("typ", typ);
  header.Set("kid", key.thumbprint());
  const std::string text = StrCat(EncodeBase64Url(json::Dump(header)), ".", EncodeBase64Url(payload));
  PANO_ASSIGN_OR_RETURN(const std::string signature, key.Sign(text));
  return StrCat(text, ".", EncodeBase64Url(signature));
}

}  // namespace pano::jose
