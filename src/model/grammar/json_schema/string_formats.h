#pragma once

#include <string_view>

#include "base/result.h"
#include "model/grammar/json_schema/string_set.h"

namespace pano::grammar {

// What is known of a value of `format`.
enum class FormatKind {
  kEnforced,
  kAnnotation,   // not of the specification: says something to people only
  kUnsupported,  // of the specification, but not enforced here
};
FormatKind KindOfFormat(std::string_view format);

// The strings of an enforced format. REQUIRES: KindOfFormat(format) == kEnforced.
Result<StringSet> StringsOfFormat(std::string_view format, StepBudget& budget);

}  // namespace pano::grammar
