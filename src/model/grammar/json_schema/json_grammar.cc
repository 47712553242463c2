#include "model/grammar/json_schema/json_grammar.h"

#include <utility>

#include "base/strings.h"
#include "model/grammar/regex/dfa_bytes.h"
#include "model/grammar/regex/nfa.h"

namespace pano::grammar {

JsonGrammar::JsonGrammar(SchemaEvaluator& evaluator, GrammarBuilder& builder, uint32_t indent_max,
                         std::string absent)
    : evaluator_(evaluator),
      builder_(builder),
      budget_(evaluator.budget()),
      absent_(std::move(absent)),
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

Result<JsonGrammar::Expr> JsonGrammar::OtherThanStrings(Formula formula) {
  const Result<const ValueSet*> values = evaluator_.Evaluate(formula);
  if (!values.ok()) return AtItsPlace(values.error(), formula);
  ValueSet others = **values;
  others.strings = StringSet::None();
  const Result<Expr> expr = Values(others);
  return expr.ok() ? expr : AtItsPlace(expr.error(), formula);
}

Result<JsonGrammar::Expr> JsonGrammar::BareStrings(Formula formula, const Dfa& kept) {
  const Result<const ValueSet*> values = evaluator_.Evaluate(formula);
  if (!values.ok()) return AtItsPlace(values.error(), formula);
  const StringSet& strings = (*values)->strings;
  if (strings.any()) return builder_.Automaton(ToBytes(kept, Spelling::kUtf8));
  // Each length has its own states of `kept`: a tenth of a millisecond a letter.
  constexpr size_t kBareLengthMax = 4096;
  const bool long_max = strings.max() && *strings.max() > kBareLengthMax;
  if (long_max || strings.min() > kBareLengthMax) {
    return AtItsPlace(Status(StatusCode::kUnimplemented,
                             StrCat("a text without quotes is counted up to ", kBareLengthMax, " letters"))
                          .WithField(long_max ? "maxLength" : "minLength"),
                      formula);
  }
  PANO_ASSIGN_OR_RETURN(const Dfa dfa, strings.ToDfa(budget_));
  PANO_ASSIGN_OR_RETURN(const Dfa both, Intersect(dfa, kept, budget_));
  return builder_.Automaton(ToBytes(both, Spelling::kUtf8));
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

Result<Dfa> TextsWithout(std::string_view part, StepBudget& budget) {
  std::string regex;
  for (const char c : part) {
    if (std::string_view("\\^$.|?*+()[]{}/").find(c) != std::string_view::npos) regex.push_back('\\');
    regex.push_back(c);
  }
  PANO_ASSIGN_OR_RETURN(const Dfa with, CompileRegexDfa(regex, RegexDialect::kEcma, /*search=*/true, budget));
  return Complement(with, budget);
}

Result<JsonGrammar::Expr> JsonGrammar::Quoted(const Dfa& dfa) {
  Dfa kept = dfa;
  if (!absent_.empty()) {
    // Spelled as it is: none of its letters is escaped.
    PANO_ASSIGN_OR_RETURN(const Dfa without, TextsWithout(absent_, budget_));
    PANO_ASSIGN_OR_RETURN(kept, Intersect(dfa, without, budget_));
  }
  const Expr quote = builder_.Literal("\"");
  return builder_.Sequence({quote, builder_.Automaton(ToBytes(kept, Spelling::kJsonString)), quote});
}

// Any letter in any of its spellings: itself, a short escape, \uXXXX, or two of them as a surrogate
// pair; halves of pairs alone are not taken.
JsonGrammar::Expr JsonGrammar::AnyLetter() {
  if (any_letter_) return builder_.Reference(*any_letter_);
  GrammarBuilder& b = builder_;
  any_letter_ = b.DeclareRule("letter");
  std::vector<CodePointRange> escaped = {{0, 0x1f}, {'"', '"'}, {'\\', '\\'}};
  if (!absent_.empty()) {
    // Letters that are counted do not know those before them: its first one has to be escaped.
    const auto first = static_cast<unsigned char>(absent_[0]);
    escaped.push_back({first, first});
  }
  const Expr plain = b.CharClass(escaped, /*negated=*/true);
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

Result<JsonGrammar::Expr> JsonGrammar::AnyStringText() {
  if (absent_.empty()) return builder_.Repeat(AnyLetter(), 0, std::nullopt);
  // The same letters as one automaton, so that what is absent can be taken out.
  constexpr std::string_view kLetters =
      R"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u(?:[0-9A-CEFa-cef][0-9A-Fa-f]{3}|[Dd][0-7][0-9A-Fa-f]{2}|)"
      R"([Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2})))*)";
  PANO_ASSIGN_OR_RETURN(const Dfa letters,
                        CompileRegexDfa(kLetters, RegexDialect::kEcma, /*search=*/false, budget_));
  PANO_ASSIGN_OR_RETURN(const Dfa without, TextsWithout(absent_, budget_));
  PANO_ASSIGN_OR_RETURN(const Dfa kept, Intersect(letters, without, budget_));
  return builder_.Automaton(ToBytes(kept, Spelling::kUtf8));
}

Result<JsonGrammar::Expr> JsonGrammar::AnyString() {
  if (any_string_) return builder_.Reference(*any_string_);
  PANO_ASSIGN_OR_RETURN(const Expr text, AnyStringText());
  any_string_ = builder_.DeclareRule("string");
  const Expr quote = builder_.Literal("\"");
  builder_.DefineRule(*any_string_, builder_.Sequence({quote, text, quote}));
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
