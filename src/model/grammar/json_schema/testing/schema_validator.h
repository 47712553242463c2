#pragma once

#include "base/json.h"

namespace pano::grammar::testing {

// Whether `instance` is valid under `schema` (draft 2020-12, the keywords that tests draw; no formats but
// by their kind, patterns by std::regex over ASCII). A plain walk of the specification, an oracle for the
// compiler. `root` resolves "#/$defs/..." references.
bool IsValid(const json::Value& instance, const json::Value& schema, const json::Value& root);

}  // namespace pano::grammar::testing
