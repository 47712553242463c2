#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pano::api::tfserving {

// Base64 (RFC 4648, section 4), with its padding or without. Nothing for another character, a length that
// no bytes have, or bits that are left over and set.
std::optional<std::string> Base64Decode(std::string_view text);

}  // namespace pano::api::tfserving
