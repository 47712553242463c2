#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pano::tokenizer {

// The bytes that `text` writes in base64 (RFC 4648, section 4), padding required; nothing when it is
// no such text.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace pano::tokenizer
