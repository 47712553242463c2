#include "app/auth/jose/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace pano::jose {

std::string Sha256(std::string_view bytes) {
  // Found once: a look-up for each call costs as much as the hash of a short text.
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  PANO_CHECK(algorithm != nullptr);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  PANO_CHECK(EVP_Digest(bytes.data(), bytes.size(), hash, &size, algorithm, nullptr) == 1);
  return std::string(reinterpret_cast<const char*>(hash), size);
}

}  // namespace pano::jose
