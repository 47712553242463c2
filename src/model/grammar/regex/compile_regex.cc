#include "model/grammar/regex/compile_regex.h"

#include <utility>

#include "model/grammar/grammar_builder.h"
#include "model/grammar/regex/dfa_bytes.h"
#include "model/grammar/regex/nfa.h"

namespace pano::grammar {

Result<Grammar> CompileRegex(std::string_view source, const RegexLimits& limits) {
  StepBudget budget(limits.steps_max);
  PANO_ASSIGN_OR_RETURN(const Dfa dfa, CompileRegexDfa(source, RegexDialect::kPython,
                                                       /*search=*/false, budget, limits));
  if (dfa.empty()) return InvalidArgument("[regex] it matches no text at all");
  GrammarBuilder builder;
  const GrammarBuilder::Rule root = builder.DeclareRule("regex");
  builder.DefineRule(root, builder.Automaton(ToBytes(dfa, Spelling::kUtf8)));
  return std::move(builder).Build(root);
}

}  // namespace pano::grammar
