#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace pano::issuer {

// Seconds of "30d", "12h", "15m", "1s": a whole number above 0 with its unit, at most 100 years.
// InvalidArgument otherwise.
Result<int64_t> ParseDurationSeconds(std::string_view text);

}  // namespace pano::issuer
