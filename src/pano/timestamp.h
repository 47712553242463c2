#pragma once

#include <cstdint>

#include "base/fwd.h"
#include "base/result.h"

namespace pano::cli {

// A time in Unix seconds, from a number of them or from ISO 8601 text such as "2024-07-26",
// "2024-07-26T12:34:56", "2024-07-26 12:34:56.5Z" or "...+02:00"; UTC where it names no offset.
Result<int64_t> ParseTimestamp(const json::Value& value);

}  // namespace pano::cli
