#pragma once

#include <string_view>

#include "base/result.h"
#include "model/grammar/grammar.h"
#include "model/grammar/grammar_limits.h"

namespace pano::grammar {

// Reads llama.cpp's GBNF as its guide has it (grammars/README.md): rules `name ::= ...` with the
// rule `root`, literals and classes over code points with the escapes \n \r \t \\ \" \[ \] \xNN
// \uNNNN \UNNNNNNNN, `.` for any character, groups, ? * + {m} {m,} {m,n}, comments from #.
// InvalidArgument (reason "invalid_grammar") says line and column; what the notation has and we do
// not read (tokens, `<...>`) is refused by name (reason "unsupported_keyword").
Result<Grammar> ParseGbnf(std::string_view text, const GrammarLimits& limits = {});

}  // namespace pano::grammar
