#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pano::issuer {

// `bytes` bytes that nobody can guess, as base64url. Internal when the system has none to give.
Result<std::string> RandomSecret(size_t bytes);

// The 32 bytes of HMAC-SHA-256 (RFC 2104).
std::string HmacSha256(std::string_view key, std::string_view text);

// Whether two texts are equal, in a time that depends on their sizes alone.
bool EqualSecrets(std::string_view a, std::string_view b);

}  // namespace pano::issuer
