#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "model/grammar/json_schema/formula_table.h"
#include "model/grammar/json_schema/schema_document.h"
#include "model/grammar/json_schema/value_algebra.h"
#include "model/grammar/json_schema/value_set.h"

namespace pano::grammar {

// What a compilation may cost; checked before it is spent.
struct SchemaLimits {
  size_t bytes_max = 4 << 20;        // of source
  size_t depth_max = 64;             // of its JSON
  size_t conditions_max = 100'000;   // parts of the schema and their combinations
  size_t reference_depth_max = 256;  // references and allOf inside each other
  uint64_t steps_max = 10'000'000;   // of all automata together; about two seconds
};

// Works out which values a condition allows, one level deep: children stay formulas. Confined to
// its compilation's thread.
class SchemaEvaluator {
 public:
  SchemaEvaluator(const json::Value& schema, const SchemaLimits& limits);

  Formula root() const { return root_; }
  FormulaTable& formulas() { return formulas_; }
  StepBudget& budget() { return budget_; }

  // The condition to be exactly `value`, of which a copy is kept.
  Formula Keep(const json::Value& value) { return formulas_.Constant(kept_.emplace_back(value)); }

  // The values of `formula`; the same object each time. A keyword that cannot be enforced, and a
  // schema that is none, end here.
  Result<const ValueSet*> Evaluate(Formula formula);

  // Whether no value can satisfy `formula`, where that is seen without following it far.
  Result<bool> IsEvidentlyEmpty(Formula formula) { return IsEvidentlyEmpty(formula, 0); }

 private:
  struct Schema {
    const json::Value& value;
    const std::string& place;
    const json::Value* Find(std::string_view keyword) const { return value.Find(keyword); }
  };

  Result<ValueSet> Work(Formula formula);
  Result<ValueSet> OfSchema(const Schema& schema);

  // Keywords that speak of one value alone: schema_keywords.cc.
  Status CheckKeywords(const Schema& schema) const;
  Result<ValueSet> OfTypes(const Schema& schema);
  Result<NumberSet> OfNumbers(const Schema& schema);
  Result<StringSet> OfStrings(const Schema& schema);
  Result<ArraySet> OfArrays(const Schema& schema);
  Result<ObjectSet> OfObjects(const Schema& schema);
  Status AddProperties(const Schema& schema, ObjectSet& set);
  Status SplitByPatterns(const Schema& schema, Formula additional, ObjectSet& set);
  Status RestrictNames(const Schema& schema, ObjectSet& set);
  Result<ValueSet> OfEnum(const Schema& schema, const json::Array& values);

  // Keywords that combine schemas: schema_evaluator.cc.
  Status Narrow(ValueSet& values, Result<ValueSet> more);
  Result<Formula> Child(const Schema& schema, std::string_view keyword);
  Result<std::vector<Formula>> Children(const Schema& schema, std::string_view keyword);
  Result<ValueSet> OfReference(const Schema& schema);
  Result<ValueSet> OfAnyOf(const Schema& schema);
  Result<ValueSet> OfOneOf(const Schema& schema, const ValueSet& context);
  Result<ValueSet> OfConditional(const Schema& schema, const ValueSet& context);
  // Names that a schema and those it applies to the same object speak of, whatever the object.
  struct Evaluated {
    std::vector<std::string> names;
    std::vector<std::string> patterns;
    bool all = false;
  };
  Status AddEvaluated(const Schema& schema, const Schema& asking, size_t depth, Evaluated& out);
  Status AddEvaluatedBy(const json::Value& child, std::string place, const Schema& asking,
                        size_t depth, Evaluated& out);
  Result<ValueSet> OfUnevaluated(const Schema& schema);
  Result<ValueSet> OfDependent(const Schema& schema, std::string_view keyword);
  // `values` less `forbidden`, for a keyword of `schema` that asks for it.
  Result<ValueSet> Without(const ValueSet& values, const ValueSet& forbidden, const Schema& schema,
                           std::string_view keyword);

  Result<bool> IsEvidentlyEmpty(Formula formula, int depth);
  Result<bool> IsEvidentlyEmpty(const ValueSet& values, int depth);
  Result<bool> IsEvidentlyEmpty(const ArraySet& set, int depth);
  // Whether no value satisfies both, where that is seen without following them far.
  Result<bool> AreEvidentlyApart(Formula a, Formula b, int depth);
  Result<bool> AreEvidentlyApart(const ValueSet& a, const ValueSet& b, int depth);
  Result<bool> AreEvidentlyApart(const ArraySet& a, const ArraySet& b, int depth);
  Result<bool> AreEvidentlyApart(const ObjectSet& a, const ObjectSet& b, int depth);

  Result<Dfa> Pattern(const std::string& source, const Schema& schema, std::string_view keyword);

  const SchemaLimits limits_;
  SchemaDocument document_;
  StepBudget budget_;
  FormulaTable formulas_;
  ValueAlgebra algebra_;
  Formula root_;
  enum class State : uint8_t { kUnknown, kInProgress, kKnown };
  struct Memo {
    State state = State::kUnknown;
    std::unique_ptr<const ValueSet> values;
  };
  std::vector<Memo> memos_;  // by formula
  // What was found out already; while it is being found out, false.
  std::map<Formula, bool> evidently_empty_;
  std::map<std::pair<Formula, Formula>, bool> evidently_apart_;
  size_t depth_ = 0;  // of Evaluate within Evaluate
  std::map<std::string, Dfa> patterns_;
  std::deque<json::Value> kept_;
};

}  // namespace pano::grammar
