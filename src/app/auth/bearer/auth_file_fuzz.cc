// --auth FILE.yaml and the file of API keys that it names.
#include <cstdint>
#include <string_view>

#include "app/auth/bearer/auth_file.h"
#include "app/auth/bearer/key_file.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pano::bearer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const pano::Result<AuthFile> file = ParseAuthFile(text);
  if (file.ok()) {
    PANO_CHECK(!file->issuers.empty() || !file->keys.empty());
    PANO_CHECK(file->issuers.size() <= AuthFile::kIssuersMax);
    for (const IssuerSettings& issuer : file->issuers) {
      PANO_CHECK(CheckIssuerUrl(issuer.issuer).ok() && !issuer.audiences.empty() && !issuer.algorithms.empty());
      PANO_CHECK(issuer.jwks_uri.empty() || CheckKeysUrl(issuer.jwks_uri).ok());
    }
  }
  const pano::Result<KeyFile> keys = KeyFile::Parse(text);
  if (keys.ok()) PANO_CHECK(keys->size() <= KeyFile::kKeysMax && !keys->Find("", 0).ok());
  return 0;
}
