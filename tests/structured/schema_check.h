#pragma once

#include <string>

#include "base/json.h"

namespace pano::structured {

// Why `value` is not valid under `schema`, "" when it is: a checker of JSON Schema (2020-12) that walks both
// trees and has nothing in common with the grammars that it tests. Knows the keywords of schemas.jsonl and
// says so of any other.
std::string WhyInvalid(const json::Value& value, const json::Value& schema);

}  // namespace pano::structured
