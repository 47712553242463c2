#pragma once

#include <optional>

#include "base/json.h"

namespace pano::grammar::testing {

// Whether `instance` is valid under `schema` (draft 2020-12, the keywords that tests draw; no
// formats, patterns by std::regex). A plain walk of the specification, an oracle for the compiler.
// `root` resolves "#/$defs/..." references. Nothing where references lead back to themselves.
std::optional<bool> IsValid(const json::Value& instance, const json::Value& schema,
                            const json::Value& root);

}  // namespace pano::grammar::testing
