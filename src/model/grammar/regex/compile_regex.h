#pragma once

#include <string_view>

#include "base/result.h"
#include "model/grammar/grammar.h"
#include "model/grammar/regex/regex_syntax.h"

namespace pano::grammar {

// The texts that match `source` whole, in the syntax that Python's re and Rust's regex share.
// InvalidArgument for what is no regular expression, Unimplemented (reason "unsupported_syntax")
// for what cannot be kept, Exhausted (reason "too_complex") for one whose automaton is over the
// limits.
Result<Grammar> CompileRegex(std::string_view source, const RegexLimits& limits = {});

}  // namespace pano::grammar
