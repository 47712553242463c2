#include "app/constraints/source.h"

#include <string_view>
#include <utility>
#include <vector>

#include "app/constraints/choice_automaton.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/grammar/gbnf.h"
#include "model/grammar/grammar_builder.h"
#include "model/grammar/json_schema/compile_json_schema.h"
#include "model/grammar/regex/compile_regex.h"

namespace pano::constraints {
namespace {

// A list of names may be long: 100,000 that share little take some millions of states.
constexpr size_t kChoiceStatesMax = 4u << 20;

Result<grammar::Grammar> BuildChoice(const std::string& text) {
  const grammar::GrammarLimits usual;
  if (text.size() > usual.source_bytes_max) {
    return Status(StatusCode::kExhausted,
                  StrCat("the choices have ", text.size(), " bytes, more than ", usual.source_bytes_max))
        .WithReason("grammar_too_large");
  }
  PANO_ASSIGN_OR_RETURN(const json::Value list, json::Parse(text));
  std::vector<std::string> texts;
  for (const json::Value& one : list.as_array()) texts.push_back(one.as_string());
  grammar::GrammarLimits limits;
  limits.states_max = kChoiceStatesMax;
  grammar::GrammarBuilder builder(limits);
  const grammar::GrammarBuilder::Rule root = builder.DeclareRule("choice");
  builder.DefineRule(root, builder.Automaton(MakeChoiceAutomaton(std::move(texts))));
  return std::move(builder).Build(root);
}

Result<grammar::Grammar> Build(const Source& source) {
  switch (source.kind) {
    case Kind::kJsonObject:
      return grammar::AnyJsonObject();
    case Kind::kJsonSchema:
      return grammar::CompileJsonSchemaText(source.text);
    case Kind::kRegex:
      return grammar::CompileRegex(source.text);
    case Kind::kChoice:
      return BuildChoice(source.text);
    case Kind::kGbnf:
      return grammar::ParseGbnf(source.text);
    case Kind::kBuilt:
      return source.build();
  }
  return Internal("[constraints] a source of no kind");
}

}  // namespace

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kJsonObject: return "json_object";
    case Kind::kJsonSchema: return "json_schema";
    case Kind::kRegex: return "regex";
    case Kind::kChoice: return "choice";
    case Kind::kGbnf: return "grammar";
    case Kind::kBuilt: return "built";
  }
  return "";
}

// Whatever the code, the request is what is wrong.
Result<grammar::Grammar> BuildGrammar(const Source& source) {
  Result<grammar::Grammar> built = Build(source);
  if (built.ok() || built.error().code() == StatusCode::kInternal) return built;
  const Status& why = built.error();
  std::string reason = why.reason();
  if (reason.empty()) {
    reason = why.code() == StatusCode::kExhausted ? "grammar_too_large" : "invalid_grammar";
  }
  std::string message = why.message();
  if (message.find(why.field()) == std::string::npos) message += StrCat(" (at ", why.field(), ")");
  return InvalidArgument(std::move(message)).WithReason(std::move(reason));
}

}  // namespace pano::constraints
