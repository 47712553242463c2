#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pano {

// Seconds to wait from `now` (seconds since 1970) by a Retry-After header (RFC 9110, 10.2.3): a number of
// seconds, or a date, of which what is past means 0. Nothing for any other text.
std::optional<int64_t> ParseRetryAfter(std::string_view text, int64_t now);

}  // namespace pano
