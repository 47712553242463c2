#include "model/tools/grammar/tag_value.h"

#include <string_view>
#include <vector>

#include "base/strings.h"
#include "model/grammar/json_schema/json_grammar.h"
#include "model/grammar/regex/nfa.h"

namespace pano::tools {
namespace {

using grammar::Dfa;
using Expr = grammar::GrammarBuilder::Expr;

// What may read as a value of one of `types`: JSON and Python's literals, and some more.
std::string LiteralsOf(const std::set<std::string>& types) {
  constexpr std::string_view kNumber =
      R"([-+]{0,2}(?:\d+\.?\d*|\.\d+)(?:\.0)?(?:[eE][-+]?\d+)?)";
  std::string ways;
  auto add = [&ways](std::string_view way) { ways += StrCat(ways.empty() ? "" : "|", way); };
  if (types.contains("null")) add("null|None");
  if (types.contains("boolean")) add("true|True|false|False");
  if (types.contains("number") || types.contains("integer")) add(kNumber);
  if (types.contains("array")) add(R"([\[(](?:.|\s)*[\])])");
  if (types.contains("object")) add(R"(\{(?:.|\s)*\})");
  return StrCat(R"(\s*(?:)", ways, R"()\s*)");
}

}  // namespace

Result<Expr> WriteTagValue(grammar::GrammarBuilder& builder, const json::Value& schema,
                           const TagValueForm& form) {
  grammar::SchemaEvaluator evaluator(schema, grammar::SchemaLimits());
  grammar::StepBudget& budget = evaluator.budget();
  grammar::JsonGrammar writer(evaluator, builder, form.indent_max, form.end);
  const bool bare = form.types && form.types->contains("string");
  std::vector<Expr> ways;
  if (!bare) {
    ways.push_back(writer.Value(evaluator.root()));
  } else {
    PANO_ASSIGN_OR_RETURN(Dfa kept, grammar::TextsWithout(form.end, budget));
    if (form.types->size() > 1) {
      PANO_ASSIGN_OR_RETURN(ways.emplace_back(), writer.OtherThanStrings(evaluator.root()));
      PANO_ASSIGN_OR_RETURN(const Dfa others,
                            CompileRegexDfa(LiteralsOf(*form.types), grammar::RegexDialect::kEcma,
                                            /*search=*/false, budget));
      PANO_ASSIGN_OR_RETURN(kept, Subtract(kept, others, budget));
    }
    PANO_ASSIGN_OR_RETURN(ways.emplace_back(), writer.BareStrings(evaluator.root(), kept));
  }
  // Some templates write these as Python does, and both are read.
  PANO_ASSIGN_OR_RETURN(const grammar::ValueSet* values, evaluator.Evaluate(evaluator.root()));
  if (!form.types || form.types->contains("boolean")) {
    if (values->yes) ways.push_back(builder.Literal("True"));
    if (values->no) ways.push_back(builder.Literal("False"));
  }
  if (values->null && (!form.types || form.types->contains("null"))) {
    ways.push_back(builder.Literal("None"));
  }
  PANO_RETURN_IF_ERROR(writer.DefineRules());
  return builder.Choice(ways);
}

}  // namespace pano::tools
