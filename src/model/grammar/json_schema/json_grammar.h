#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/grammar/grammar_builder.h"
#include "model/grammar/json_schema/schema_evaluator.h"

namespace pano::grammar {

// Writes the values of conditions as rules: one rule a condition, blanks and commas between. What a
// text may look like is in the module's README. Confined to its compilation's thread.
class JsonGrammar {
 public:
  using Expr = GrammarBuilder::Expr;
  using Rule = GrammarBuilder::Rule;

  static constexpr uint32_t kIndentMax = 64;

  // `indent_max`: spaces at the beginning of a line, at most. `absent`: text that stands in no string
  // and no name as it is, since it would end what is around the JSON; "" for none. REQUIRES: it begins
  // with an ASCII letter, and JSON escapes none of its letters.
  JsonGrammar(SchemaEvaluator& evaluator, GrammarBuilder& builder,
              uint32_t indent_max = kIndentMax, std::string absent = "");

  // A reference to the rule of `formula`; the rule is defined by DefineRules.
  Expr Value(Formula formula);
  // For formats that write a string without quotes and escapes: the values that are no strings, as JSON,
  // and of the strings those that `kept` takes. DefineRules comes behind.
  Result<Expr> OtherThanStrings(Formula formula);
  Result<Expr> BareStrings(Formula formula, const Dfa& kept);
  // Defines the rules that were referred to, and those that they refer to.
  Status DefineRules();

 private:
  friend class ArrayWriter;
  friend class ObjectWriter;

  Result<Expr> Values(const ValueSet& values);
  Status AtItsPlace(const Status& status, Formula formula);
  Result<Expr> Numbers(const std::vector<NumberSet>& numbers);
  Result<Expr> Strings(const StringSet& strings);
  // The texts of `dfa` as a JSON string with its quotes.
  Result<Expr> Quoted(const Dfa& dfa);
  Result<Expr> AnyString();
  Result<Expr> AnyStringText();  // what stands between its quotes
  Expr AnyLetter();
  Expr Blank() { return builder_.Reference(blank_); }
  Expr Comma() { return builder_.Reference(comma_); }
  Expr Colon() { return builder_.Reference(colon_); }

  SchemaEvaluator& evaluator_;
  GrammarBuilder& builder_;
  StepBudget& budget_;
  const std::string absent_;
  Rule blank_, comma_, colon_;
  std::optional<Rule> any_letter_, any_string_;
  std::map<Formula, Rule> rules_;
  std::vector<Formula> open_;  // referred to, not yet defined
};

// The texts that do not hold `part`, which is not empty.
Result<Dfa> TextsWithout(std::string_view part, StepBudget& budget);

// The arrays of `set`, brackets included. Unimplemented (the field is the keyword) where its
// elements cannot be kept apart or counted.
Result<GrammarBuilder::Expr> WriteArrays(JsonGrammar& grammar, const ArraySet& set);

// The objects of `set`, braces included; the same failures.
Result<GrammarBuilder::Expr> WriteObjects(JsonGrammar& grammar, const ObjectSet& set);

}  // namespace pano::grammar
