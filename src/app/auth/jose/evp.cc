#include "app/auth/jose/base64url.h"
#include "app/auth/jose/evp_internal.h"
#include "base/strings.h"

namespace pano::jose::evp {
namespace {

// RFC 7518, 3.3 asks for 2048 bits. A larger modulus than the upper limit makes one verification so slow
// that a few keys could stop the server.
constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;
constexpr int kExponentBitsMax = 64;

constexpr Curve kCurves[] = {
    {KeyKind::kP256, "P-256", "prime256v1", 32},   {KeyKind::kP384, "P-384", "secp384r1", 48},
    {KeyKind::kP521, "P-521", "secp521r1", 66},    {KeyKind::kEd25519, "Ed25519", "ED25519", 32},
    {KeyKind::kEd448, "Ed448", "ED448", 57},
};

Result<Number> NumberOf(const json::Value& jwk, std::string_view name) {
  PANO_ASSIGN_OR_RETURN(const std::string bytes, Member(jwk, name));
  if (bytes.empty() || bytes.size() > kRsaBitsMax / 8 + 1) {
    return InvalidArgument(StrCat("'", name, "' has ", bytes.size(), " bytes"));
  }
  return Number(BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr));
}

Result<Key> Build(const char* type, OSSL_PARAM_BLD* builder, bool with_private) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  const bool built = params && context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                     EVP_PKEY_fromdata(context.get(), &key, with_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                                       params.get()) == 1;
  ERR_clear_error();
  if (!built) return InvalidArgument("its numbers make no key");
  return Key(key);
}

Result<Key> RsaKey(const json::Value& jwk, bool with_private) {
  struct Part {
    const char* parameter;
    std::string_view member;
  };
  constexpr Part kParts[] = {
      {OSSL_PKEY_PARAM_RSA_N, "n"},          {OSSL_PKEY_PARAM_RSA_E, "e"},
      {OSSL_PKEY_PARAM_RSA_D, "d"},          {OSSL_PKEY_PARAM_RSA_FACTOR1, "p"},
      {OSSL_PKEY_PARAM_RSA_FACTOR2, "q"},    {OSSL_PKEY_PARAM_RSA_EXPONENT1, "dp"},
      {OSSL_PKEY_PARAM_RSA_EXPONENT2, "dq"}, {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "qi"}};
  const Builder builder(OSSL_PARAM_BLD_new());
  std::vector<Number> numbers;   // the builder only borrows them
  for (const Part& part : kParts) {
    const bool is_private = numbers.size() >= 2;
    if (is_private && !with_private) break;
    // Without the primes OpenSSL signs by the exponent alone.
    if (numbers.size() >= 3 && !jwk.Find(part.member)) break;
    PANO_ASSIGN_OR_RETURN(Number number, NumberOf(jwk, part.member));
    OSSL_PARAM_BLD_push_BN(builder.get(), part.parameter, number.get());
    numbers.push_back(std::move(number));
  }
  if (BN_num_bits(numbers[1].get()) > kExponentBitsMax || BN_is_odd(numbers[1].get()) != 1 ||
      BN_is_one(numbers[1].get()) == 1 || BN_is_odd(numbers[0].get()) != 1) {
    return InvalidArgument("its modulus or exponent is none");
  }
  return Build("RSA", builder.get(), with_private);
}

Result<Key> EcKey(const json::Value& jwk, const Curve& curve, bool with_private) {
  PANO_ASSIGN_OR_RETURN(const std::string x, Member(jwk, "x"));
  PANO_ASSIGN_OR_RETURN(const std::string y, Member(jwk, "y"));
  if (x.size() != curve.bytes || y.size() != curve.bytes) {
    return InvalidArgument(StrCat("a coordinate of ", curve.name, " has ", curve.bytes, " bytes"));
  }
  const std::string point = StrCat('\4', x, y);
  const Builder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.group, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  Number d;
  if (with_private) {
    PANO_ASSIGN_OR_RETURN(d, NumberOf(jwk, "d"));
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, d.get());
  }
  PANO_ASSIGN_OR_RETURN(Key key, Build("EC", builder.get(), with_private));
  const KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr));
  const bool on_curve = context && EVP_PKEY_public_check(context.get()) == 1;
  ERR_clear_error();
  if (!on_curve) return InvalidArgument(StrCat("its point is not on ", curve.name));
  return key;
}

Result<Key> EdwardsKey(const json::Value& jwk, const Curve& curve, bool with_private) {
  PANO_ASSIGN_OR_RETURN(const std::string x, Member(jwk, "x"));
  if (x.size() != curve.bytes) {
    return InvalidArgument(StrCat("a key of ", curve.name, " has ", curve.bytes, " bytes"));
  }
  Key key;
  if (with_private) {
    PANO_ASSIGN_OR_RETURN(const std::string d, Member(jwk, "d"));
    key.reset(EVP_PKEY_new_raw_private_key_ex(nullptr, curve.group, nullptr, Bytes(d), d.size()));
  } else {
    key.reset(EVP_PKEY_new_raw_public_key_ex(nullptr, curve.group, nullptr, Bytes(x), x.size()));
  }
  ERR_clear_error();
  if (!key) return InvalidArgument("its bytes make no key");
  return key;
}

}  // namespace

const Curve* FindCurve(std::string_view name) {
  for (const Curve& curve : kCurves) {
    if (curve.name == name) return &curve;
  }
  return nullptr;
}

const Curve& CurveOf(KeyKind kind) {
  PANO_CHECK(kind != KeyKind::kRsa);
  return kCurves[static_cast<size_t>(kind) - static_cast<size_t>(KeyKind::kP256)];
}

Result<std::string> Member(const json::Value& jwk, std::string_view name) {
  const json::Value* value = jwk.Find(name);
  if (!value || !value->is_string()) return InvalidArgument(StrCat("it has no text '", name, "'"));
  std::optional<std::string> bytes = DecodeBase64Url(value->as_string());
  if (!bytes) return InvalidArgument(StrCat("'", name, "' is no base64url"));
  return *std::move(bytes);
}

Result<Key> FromJwk(const json::Value& jwk, bool with_private, KeyKind* kind) {
  const json::Value* type = jwk.Find("kty");
  const std::string_view kty = type && type->is_string() ? std::string_view(type->as_string()) : "";
  if (kty == "RSA") {
    *kind = KeyKind::kRsa;
    return RsaKey(jwk, with_private);
  }
  if (kty != "EC" && kty != "OKP") {
    return InvalidArgument(StrCat("its kty '", Printable(kty), "' is not RSA, EC or OKP"));
  }
  const json::Value* member = jwk.Find("crv");
  const std::string_view name = member && member->is_string() ? std::string_view(member->as_string()) : "";
  const Curve* curve = FindCurve(name);
  const bool edwards = curve && (curve->kind == KeyKind::kEd25519 || curve->kind == KeyKind::kEd448);
  if (!curve || edwards != (kty == "OKP")) {
    return InvalidArgument(StrCat("its curve '", Printable(name), "' is not one for signatures here"));
  }
  *kind = curve->kind;
  return edwards ? EdwardsKey(jwk, *curve, with_private) : EcKey(jwk, *curve, with_private);
}

Status CheckStrength(EVP_PKEY* key, KeyKind kind) {
  if (kind != KeyKind::kRsa) return {};
  const int bits = EVP_PKEY_get_bits(key);
  if (bits >= kRsaBitsMin && bits <= kRsaBitsMax) return {};
  return InvalidArgument(StrCat("an RSA key has ", kRsaBitsMin, " to ", kRsaBitsMax, " bits, not ", bits));
}

const EVP_MD* DigestOf(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRs256:
    case Algorithm::kPs256:
    case Algorithm::kEs256:
      return EVP_sha256();
    case Algorithm::kRs384:
    case Algorithm::kPs384:
    case Algorithm::kEs384:
      return EVP_sha384();
    case Algorithm::kRs512:
    case Algorithm::kPs512:
    case Algorithm::kEs512:
      return EVP_sha512();
    case Algorithm::kEdDsa:
      return nullptr;
  }
  return nullptr;
}

bool SetPadding(EVP_PKEY_CTX* context, Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kPs256:
    case Algorithm::kPs384:
    case Algorithm::kPs512:   // RFC 7518, 3.5: MGF1 with the same hash, a salt as long as the hash
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1 &&
             EVP_PKEY_CTX_set_rsa_mgf1_md(context, DigestOf(algorithm)) == 1;
    case Algorithm::kRs256:
    case Algorithm::kRs384:
    case Algorithm::kRs512:
      return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    default:
      return true;
  }
}

}  // namespace pano::jose::evp
