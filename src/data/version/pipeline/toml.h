#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pano::pipeline {

// A TOML 1.0 document (https://toml.io/en/v1.0.0) as a tree of values; dates and times stay texts.
// At most 64 levels deep. InvalidArgument with "line N".
Result<json::Value> ParseToml(std::string_view text);

}  // namespace pano::pipeline
