#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pano::jose {

// Bytes as base64url without padding (RFC 7515, 2; RFC 4648, 5).
std::string EncodeBase64Url(std::string_view bytes);

// The bytes of such a text; nothing for any other text: padding, white space, '+' and '/', a length that
// no bytes have, and unused last bits that are not zero. So a text stands for bytes in one way only.
std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace pano::jose
