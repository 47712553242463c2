// Tokens as callers send them, against keys that are real: whatever comes, it ends in a refusal or in a
// signature that was made by the key.
#include <cstdint>
#include <string_view>

#include "app/auth/jose/base64url.h"
#include "app/auth/jose/compact_jws.h"
#include "app/auth/jose/unique_object.h"
#include "base/check.h"

namespace {

const pano::jose::KeySet& Keys() {
  // RFC 8037, A.2 and RFC 7515, A.3.
  static const pano::jose::KeySet keys = pano::jose::KeySet::Parse(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},)"
      R"({"kty":"EC","crv":"P-256","kid":"k","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})").value();
  return keys;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::jose;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const pano::Result<CompactJws> jws = ParseCompactJws(text);
  if (const auto bytes = DecodeBase64Url(text)) PANO_CHECK(EncodeBase64Url(*bytes) == text);
  if (!jws.ok()) return 0;
  PANO_CHECK(text.size() <= CompactJws::kBytesMax);
  for (const char* name : {"jwk", "jku", "x5u", "x5c", "crit"}) PANO_CHECK(!jws->header.Find(name));
  (void)VerifyJws(*jws, Keys());
  const pano::Result<pano::json::Value> claims = ParseUniqueObject(jws->payload);
  if (claims.ok()) PANO_CHECK(claims->is_object());
  return 0;
}
