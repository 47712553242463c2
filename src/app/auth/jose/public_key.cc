#include "app/auth/jose/public_key.h"

#include <algorithm>

#include "app/auth/jose/base64url.h"
#include "app/auth/jose/evp_internal.h"
#include "app/auth/jose/sha256.h"
#include "base/strings.h"

namespace pano::jose {
namespace {

constexpr size_t kKidBytesMax = 1024;

// Absent, or a text: RFC 7517, 4.
Result<std::string> OptionalText(const json::Value& jwk, std::string_view name) {
  const json::Value* value = jwk.Find(name);
  if (!value) return std::string();
  if (!value->is_string()) return InvalidArgument(StrCat("'", name, "' is no text"));
  return value->as_string();
}

Status CheckUse(const json::Value& jwk) {
  PANO_ASSIGN_OR_RETURN(const std::string use, OptionalText(jwk, "use"));
  if (!use.empty() && use != "sig") return InvalidArgument(StrCat("its use is '", Printable(use), "'"));
  const json::Value* operations = jwk.Find("key_ops");
  if (!operations) return {};
  if (!operations->is_array()) return InvalidArgument("'key_ops' is no list");
  const json::Array& list = operations->as_array();
  const bool verifies = std::any_of(list.begin(), list.end(), [](const json::Value& entry) {
    return entry.is_string() && entry.as_string() == "verify";
  });
  return verifies ? OkStatus() : InvalidArgument("its key_ops have no 'verify'");
}

// r||s of full length (RFC 7518, 3.4) as the DER that OpenSSL takes; "" when it is not that.
std::string DerOf(std::string_view signature, size_t coordinate_bytes) {
  if (signature.size() != 2 * coordinate_bytes) return {};
  const evp::Signature parts(ECDSA_SIG_new());
  const auto number = [&](size_t at) {
    return BN_bin2bn(evp::Bytes(signature.substr(at)), static_cast<int>(coordinate_bytes), nullptr);
  };
  if (!parts || ECDSA_SIG_set0(parts.get(), number(0), number(coordinate_bytes)) != 1) return {};
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

// As token_check_bench measured it; RSA by the square of its size.
int MicrosecondsOf(EVP_PKEY* key, KeyKind kind) {
  switch (kind) {
    case KeyKind::kRsa: {
      const int blocks = EVP_PKEY_get_bits(key) / 1024;
      return 6 * blocks * blocks;
    }
    case KeyKind::kP256:
      return 70;
    case KeyKind::kEd25519:
      return 100;
    case KeyKind::kEd448:
      return 300;
    case KeyKind::kP384:
      return 450;
    case KeyKind::kP521:
      return 500;
  }
  return 0;
}

}  // namespace

struct PublicKey::Handle {
  evp::Key key;
};

Result<PublicKey> PublicKey::FromJwk(const json::Value& jwk, PrivateParts parts) {
  if (!jwk.is_object()) return InvalidArgument("it is no object");
  PublicKey result;
  PANO_RETURN_IF_ERROR(CheckUse(jwk));
  PANO_ASSIGN_OR_RETURN(result.kid_, OptionalText(jwk, "kid"));
  if (result.kid_.size() > kKidBytesMax) return InvalidArgument("its kid is too long");
  PANO_ASSIGN_OR_RETURN(evp::Key key, evp::FromJwk(jwk, /*with_private=*/false, &result.kind_));
  PANO_RETURN_IF_ERROR(evp::CheckStrength(key.get(), result.kind_));
  if (parts == PrivateParts::kRefuse && jwk.Find("d")) return InvalidArgument("its private part is published with it");
  PANO_ASSIGN_OR_RETURN(const std::string alg, OptionalText(jwk, "alg"));
  if (!alg.empty()) {
    result.algorithm_ = ParseAlgorithm(alg);
    if (!result.algorithm_ || !Fits(*result.algorithm_, result.kind_)) {
      return InvalidArgument(StrCat("its alg '", Printable(alg), "' is none for it here"));
    }
  }
  result.verify_microseconds_ = MicrosecondsOf(key.get(), result.kind_);
  result.handle_ = std::make_shared<const Handle>(Handle{std::move(key)});
  result.thumbprint_ = Thumbprint(jwk);
  return result;
}

bool PublicKey::Allows(Algorithm algorithm) const {
  return Fits(algorithm, kind_) && (!algorithm_ || *algorithm_ == algorithm);
}

bool PublicKey::Verify(Algorithm algorithm, std::string_view data, std::string_view signature) const {
  if (!Allows(algorithm) || signature.empty()) return false;
  std::string der;
  if (kind_ == KeyKind::kP256 || kind_ == KeyKind::kP384 || kind_ == KeyKind::kP521) {
    der = DerOf(signature, evp::CurveOf(kind_).bytes);
    if (der.empty()) return false;
    signature = der;
  }
  const evp::DigestContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;   // owned by `context`
  const bool good =
      context &&
      EVP_DigestVerifyInit(context.get(), &key_context, evp::DigestOf(algorithm), nullptr, handle_->key.get()) == 1 &&
      evp::SetPadding(key_context, algorithm) &&
      EVP_DigestVerify(context.get(), evp::Bytes(signature), signature.size(), evp::Bytes(data), data.size()) == 1;
  ERR_clear_error();   // of a signature that is none
  return good;
}

std::string Thumbprint(const json::Value& jwk) {
  json::Value canonical;
  for (const char* name : {"crv", "e", "kty", "n", "x", "y"}) {   // in order of their characters
    const json::Value* member = jwk.Find(name);
    if (member) canonical.Set(name, *member);
  }
  return EncodeBase64Url(Sha256(json::Dump(canonical)));
}

}  // namespace pano::jose
