#include "app/auth/jose/compact_jws.h"

#include "app/auth/jose/base64url.h"
#include "app/auth/jose/unique_object.h"
#include "base/strings.h"

namespace pano::jose {
namespace {

constexpr size_t kKidBytesMax = 1024;

// An extension of ours does not exist, and a key comes from its issuer alone (RFC 8725, 3.10).
Status CheckHeader(const json::Value& header) {
  for (const char* name : {"jwk", "jku", "x5c", "x5u"}) {
    if (header.Find(name)) {
      return InvalidArgument(StrCat("its header has '", name, "': keys come from the issuer alone"));
    }
  }
  if (header.Find("crit")) return InvalidArgument("its header has 'crit' with an extension that is not known");
  const json::Value* encoded = header.Find("b64");
  if (encoded && *encoded != json::Value(true)) return InvalidArgument("its payload is not encoded (b64)");
  return {};
}

Status ReadHeader(std::string_view text, CompactJws& jws) {
  const std::optional<std::string> bytes = DecodeBase64Url(text);
  if (!bytes) return InvalidArgument("its header is no base64url");
  Result<json::Value> header = ParseUniqueObject(*bytes);
  if (!header.ok()) return InvalidArgument(StrCat("its header ", header.error().message()));
  PANO_RETURN_IF_ERROR(CheckHeader(*header));
  const json::Value* alg = header->Find("alg");
  if (!alg || !alg->is_string()) return InvalidArgument("its header names no algorithm (alg)");
  const std::optional<Algorithm> algorithm = ParseAlgorithm(alg->as_string());
  if (!algorithm) {
    return InvalidArgument(StrCat("its algorithm '", Printable(alg->as_string(), 32), "' is not taken here"));
  }
  jws.algorithm = *algorithm;
  if (const json::Value* kid = header->Find("kid")) {
    if (!kid->is_string()) return InvalidArgument("its kid is no text");
    if (kid->as_string().size() > kKidBytesMax) return InvalidArgument("its kid is too long");
    jws.kid = kid->as_string();
  }
  jws.header = std::move(header).value();
  return {};
}

}  // namespace

Result<CompactJws> ParseCompactJws(std::string_view text) {
  if (text.size() > CompactJws::kBytesMax) {
    return InvalidArgument(StrCat("it has ", text.size(), " bytes, at most ", CompactJws::kBytesMax, " are read"));
  }
  const size_t first = text.find('.');
  const size_t second = first == std::string_view::npos ? first : text.find('.', first + 1);
  if (second == std::string_view::npos || text.find('.', second + 1) != std::string_view::npos) {
    return InvalidArgument("it is not three parts with dots between");
  }
  CompactJws jws;
  jws.signed_text = text.substr(0, second);
  PANO_RETURN_IF_ERROR(ReadHeader(text.substr(0, first), jws));
  std::optional<std::string> payload = DecodeBase64Url(text.substr(first + 1, second - first - 1));
  if (!payload) return InvalidArgument("its payload is no base64url");
  std::optional<std::string> signature = DecodeBase64Url(text.substr(second + 1));
  if (!signature) return InvalidArgument("its signature is no base64url");
  if (signature->empty()) return InvalidArgument("it is not signed");
  jws.payload = *std::move(payload);
  jws.signature = *std::move(signature);
  return jws;
}

const PublicKey* VerifyJws(const CompactJws& jws, const KeySet& keys) {
  for (const PublicKey* key : keys.Candidates(jws.kid, jws.algorithm)) {
    if (key->Verify(jws.algorithm, jws.signed_text, jws.signature)) return key;
  }
  return nullptr;
}

int VerifyMicroseconds(const CompactJws& jws, const KeySet& keys) {
  int microseconds = 0;
  for (const PublicKey* key : keys.Candidates(jws.kid, jws.algorithm)) microseconds += key->verify_microseconds();
  return microseconds;
}

}  // namespace pano::jose
