#include "model/grammar/json_schema/json_grammar.h"

#include <utility>

#include "model/grammar/regex/dfa_bytes.h"

namespace pano::grammar {
namespace {

// Blanks behind a line end: an indentation of two a level, as deep as JSON may nest here.

}  // namespace

JsonGrammar::JsonGrammar(SchemaEvaluator& evaluator, GrammarBuilder& builder, uint32_t indent_max)
    : evaluator_(evaluator),
      builder_(builder),
      budget_(evaluator.budget()),
      blank_(builder.DeclareRule("blank")),
      comma_(builder.DeclareRule("comma")),
      colon_(builder.DeclareRule("colon")) {
  GrammarBuilder& b = builder_;
  const Expr space = b.Literal(" ");
  const Expr line = b.Sequence({b.Literal("\n"), b.Repeat(space, 0, indent_max)});
  b.DefineRule(blank_, b.Choice({b.Empty(), space, line}));
  b.DefineRule(comma_, b.Sequence({b.Literal(","), b.Reference(blank_)}));
  b.DefineRule(colon_, b.Sequence({b.Literal(":"), b.Optional(space)}));
}

JsonGrammar::Expr JsonGrammar::Value(Formula formula) {
  if (formula == kFalse) return builder_.Nothing();
  const auto [at, added] = rules_.try_emplace(formula);
  if (added) {
    at->second = builder_.DeclareRule("value");
    open_.push_back(formula);
  }
  return builder_.Reference(at->second);
}

Status JsonGrammar::DefineRules() {
  while (!open_.empty()) {
    const Formula formula = open_.back();
    open_.pop_back();
    const Result<const ValueSet*> values = evaluator_.Evaluate(formula);
    if (!values.ok()) return AtItsPlace(values.error(), formula);
    const Result<Expr> expr = Values(**values);
    if (!expr.ok()) return AtItsPlace(expr.error(), formula);
    builder_.DefineRule(rules_[formula], *expr);
    PANO_RETURN_IF_ERROR(builder_.status());
  }
  return OkStatus();
}

// A writer names the keyword that it cannot keep; here is known which schema has it.
Status JsonGrammar::AtItsPlace(const Status& status, Formula formula) {
  if (status.code() != StatusCode::kUnimplemented || status.field().starts_with('#')) return status;
  const FormulaTable& formulas = evaluator_.formulas();
  std::vector<Formula> parts = formulas[formula].parts;
  parts.insert(parts.begin(), formula);
  std::string place;
  for (Formula part : parts) {
    const FormulaTable::Entry& entry = formulas[part];
    if (entry.kind != FormulaTable::Kind::kSchema) continue;
    if (place.empty()) place = entry.place;
    if (!entry.value->Find(status.field())) continue;
    place = entry.place;
    break;
  }
  return UnsupportedKeyword(place.empty() ? "#" : place, status.field(), status.message());
}

Result<JsonGrammar::Expr> JsonGrammar::Values(const ValueSet& values) {
  std::vector<Expr> alternatives;
  if (values.null) alternatives.push_back(builder_.Literal("null"));
  if (values.yes) alternatives.push_back(builder_.Literal("true"));
  if (values.no) alternatives.push_back(builder_.Literal("false"));
  if (!values.numbers.empty()) {
    PANO_ASSIGN_OR_RETURN(alternatives.emplace_back(), Numbers(values.numbers));
  }
  PANO_ASSIGN_OR_RETURN(const bool no_strings, values.strings.IsEmpty(budget_));
  if (!no_strings) {
    PANO_ASSIGN_OR_RETURN(alternatives.emplace_back(), Strings(values.strings));
  }
  for (const ArraySet& set : values.arrays) {
    PANO_ASSIGN_OR_RETURN(alternatives.emplace_back(), WriteArrays(*this, set));
  }
  for (const ObjectSet& set : values.objects) {
    PANO_ASSIGN_OR_RETURN(alternatives.emplace_back(), WriteObjects(*this, set));
  }
  return builder_.Choice(alternatives);
}

// One automaton for all: single numbers together as a trie, ranges by union.
Result<JsonGrammar::Expr> JsonGrammar::Numbers(const std::vector<NumberSet>& numbers) {
  std::vector<std::string> points;
  Dfa all;
  for (const NumberSet& set : numbers) {
    PANO_ASSIGN_OR_RETURN(const Dfa texts, NumberTexts(set, budget_));
    if (set.point()) {
      PANO_RETURN_IF_ERROR(budget_.Spend(texts.state_count(), "single numbers"));
      if (auto some = texts.Texts(8)) {
        points.insert(points.end(), some->begin(), some->end());
        continue;
      }
    }
    PANO_ASSIGN_OR_RETURN(all, Unite(all, texts, budget_));
  }
  if (!points.empty()) {
    PANO_ASSIGN_OR_RETURN(all, Unite(all, Dfa::Of(std::move(points)), budget_));
  }
  return builder_.Automaton(ToBytes(all, Spelling::kUtf8));
}

JsonGrammar::Expr JsonGrammar::Quoted(const Dfa& dfa) {
  const Expr quote = builder_.Literal("\"");
  return builder_.Sequence({quote, builder_.Automaton(ToBytes(dfa, Spelling::kJsonString)), quote});
}

// Any letter in any of its spellings: itself, a short escape, \uXXXX, or two of them as a surrogate
// pair; halves of pairs alone are not taken.
JsonGrammar::Expr JsonGrammar::AnyLetter() {
  if (any_letter_) return builder_.Reference(*any_letter_);
  GrammarBuilder& b = builder_;
  any_letter_ = b.DeclareRule("letter");
  const Expr plain = b.CharClass({{0, 0x1f}, {'"', '"'}, {'\\', '\\'}}, /*negated=*/true);
  const Expr short_escape = b.CharClass({{'"', '"'},
                                         {'\\', '\\'},
                                         {'/', '/'},
                                         {'b', 'b'},
                                         {'f', 'f'},
                                         {'n', 'n'},
                                         {'r', 'r'},
                                         {'t', 't'}});
  const Expr hex = b.CharClass({{'0', '9'}, {'A', 'F'}, {'a', 'f'}});
  const Expr not_d = b.CharClass({{'0', '9'}, {'A', 'C'}, {'a', 'c'}, {'E', 'F'}, {'e', 'f'}});
  const Expr d = b.CharClass({{'D', 'D'}, {'d', 'd'}});
  const Expr below_eight = b.CharClass({{'0', '7'}});
  const Expr high = b.CharClass({{'8', '9'}, {'A', 'B'}, {'a', 'b'}});
  const Expr low = b.CharClass({{'C', 'F'}, {'c', 'f'}});
  const Expr basic =
      b.Choice({b.Sequence({not_d, hex, hex, hex}), b.Sequence({d, below_eight, hex, hex})});
  const Expr pair = b.Sequence({d, high, hex, hex, b.Literal("\\u"), d, low, hex, hex});
  const Expr escape =
      b.Sequence({b.Literal("\\"),
                  b.Choice({short_escape, b.Sequence({b.Literal("u"), b.Choice({basic, pair})})})});
  b.DefineRule(*any_letter_, b.Choice({plain, escape}));
  return b.Reference(*any_letter_);
}

JsonGrammar::Expr JsonGrammar::AnyString() {
  if (any_string_) return builder_.Reference(*any_string_);
  any_string_ = builder_.DeclareRule("string");
  const Expr quote = builder_.Literal("\"");
  builder_.DefineRule(
      *any_string_,
      builder_.Sequence({quote, builder_.Repeat(AnyLetter(), 0, std::nullopt), quote}));
  return builder_.Reference(*any_string_);
}

Result<JsonGrammar::Expr> JsonGrammar::Strings(const StringSet& strings) {
  if (strings.any()) return AnyString();
  if (strings.letters() == nullptr) {
    const Expr quote = builder_.Literal("\"");
    std::optional<uint32_t> max;
    if (strings.max()) max = static_cast<uint32_t>(*strings.max());
    return builder_.Sequence(
        {quote, builder_.Repeat(AnyLetter(), static_cast<uint32_t>(strings.min()), max), quote});
  }
  PANO_ASSIGN_OR_RETURN(const Dfa dfa, strings.ToDfa(budget_));
  return Quoted(dfa);
}

}  // namespace pano::grammar
