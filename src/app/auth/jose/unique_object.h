#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pano::jose {

// The JSON object `text`, as headers (RFC 7515, 4) and claims (RFC 7519, 4) have to be: InvalidArgument when
// it is none, nests deeper than 16, or has a name twice, which two readers could understand differently.
Result<json::Value> ParseUniqueObject(std::string_view text);

}  // namespace pano::jose
