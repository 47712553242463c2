#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "model/grammar/expression.h"
#include "model/grammar/grammar_limits.h"

namespace pano::grammar {

// What the compiler has to know about expressions and rules. A value.
struct RuleAnalysis {
  std::vector<bool> productive;     // by expression: derives some text
  std::vector<bool> nullable;       // by expression: derives the empty text
  std::vector<bool> rule_productive;
  std::vector<bool> rule_nullable;
  std::vector<bool> rule_reachable;  // from the root through productive expressions; itself productive
  std::vector<bool> rule_inlined;    // a copy stands wherever it is referred to
  std::vector<uint32_t> left_rank;   // by rule, see PushdownAutomaton
  std::vector<uint64_t> rule_states;  // states that the rule takes, inlined rules included
};

// InvalidArgument for undefined rules, left recursion (direct, indirect, or hidden behind what may
// be empty), a root that derives nothing and, with `refuse_empty_rules`, any reachable rule that
// does so. kExhausted where the automaton would be too large. Linear in the size of the pool.
Result<RuleAnalysis> AnalyzeRules(const ExpressionPool& pool, uint32_t root,
                                  const GrammarLimits& limits, bool refuse_empty_rules);

}  // namespace pano::grammar
