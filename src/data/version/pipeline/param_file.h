#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pano::pipeline {

// The values in a file of parameters, by the ending of its name as DVC does: .json, .toml, .py,
// else YAML. A YAML file without anything is an empty mapping. A failure begins with `name`.
Result<json::Value> ParseParamFile(std::string_view name, std::string_view text);

// The value at "a.b.c" or "list.0"; null when there is none.
const json::Value* FindParam(const json::Value& root, std::string_view path);

}  // namespace pano::pipeline
