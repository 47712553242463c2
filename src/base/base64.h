#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pano {

// What a reader of base64 insists on, where RFC 4648 leaves it to the format that uses it (sections 3.2
// and 3.5).
struct Base64Rule {
  bool padding_required = true;    // else '=' may be missing, all of it
  bool spare_bits_checked = false;  // bits of the last digit beyond the last byte have to be zero
};

// The bytes that `text` writes in base64 (RFC 4648, section 4: '+' and '/', no line ends); nothing when it
// is no such text.
std::optional<std::string> FromBase64(std::string_view text, const Base64Rule& rule = {});

}  // namespace pano
