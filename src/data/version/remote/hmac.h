#pragma once

#include <string>
#include <string_view>

#include "base/digest/digest.h"

namespace pano::remote {

// HMAC-SHA256 (RFC 2104): 32 bytes.
std::string HmacSha256(std::string_view key, std::string_view text);

inline std::string Md5Hex(std::string_view text) { return HexDigest(Digest::kMd5, text); }
inline std::string Sha256Hex(std::string_view text) { return HexDigest(Digest::kSha256, text); }

std::string Base64(std::string_view bytes);  // RFC 4648, section 4
// The bytes that pairs of lower-case hexadecimal digits stand for. REQUIRES: an even number of such
// digits.
std::string FromHex(std::string_view hex);

}  // namespace pano::remote
