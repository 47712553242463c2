#pragma once

#include <cstdint>

#include "base/result.h"
#include "model/grammar/expression.h"
#include "model/grammar/grammar.h"
#include "model/grammar/grammar_limits.h"

namespace pano::grammar {

// The pushdown automaton of a pool of rules; what GrammarBuilder::Build promises.
// REQUIRES: `root` is a rule of the pool.
Result<Grammar> CompileGrammar(const ExpressionPool& pool, uint32_t root,
                               const GrammarLimits& limits, bool refuse_empty_rules);

}  // namespace pano::grammar
