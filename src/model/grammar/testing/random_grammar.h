#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "model/grammar/grammar.h"
#include "model/grammar/testing/reference_language.h"

namespace pano::grammar::testing {

// Small random rules over a, b and c; rule 0 is the root. Some recurse on the left or derive
// nothing.
std::vector<Node> RandomRules(uint64_t seed);

// The same rules through a GrammarBuilder.
Result<Grammar> Build(const std::vector<Node>& rules);

// For messages: the rules in GBNF.
std::string ToGbnf(const std::vector<Node>& rules);

}  // namespace pano::grammar::testing
