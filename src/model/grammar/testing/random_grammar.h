#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/grammar/grammar.h"
#include "model/grammar/testing/reference_language.h"

namespace pano::grammar::testing {

// Small rules over a, b and c; rule 0 is the root. Some recurse on the left or derive nothing.
// `below(n)` draws a number below n.
std::vector<Node> RandomRules(const std::function<uint64_t(uint64_t)>& below);
std::vector<Node> RandomRules(uint64_t seed);

// The same rules through a GrammarBuilder.
Result<Grammar> Build(const std::vector<Node>& rules);

// For messages: the rules in GBNF.
std::string ToGbnf(const std::vector<Node>& rules);

}  // namespace pano::grammar::testing
