#pragma once

#include "base/result.h"
#include "model/grammar/json_schema/formula_table.h"
#include "model/grammar/json_schema/value_set.h"

namespace pano::grammar {

// Boolean operations on sets of values, type by type. Confined to its compilation's thread.
//
// A difference that no set of this form can say ("some property has another value") is
// Unimplemented with reason kNotExpressible; its message says what is not.
class ValueAlgebra {
 public:
  ValueAlgebra(FormulaTable& formulas, StepBudget& budget) : formulas_(formulas), budget_(budget) {}

  Result<ValueSet> Intersect(const ValueSet& a, const ValueSet& b);
  Result<ValueSet> Unite(ValueSet a, const ValueSet& b);
  // What is in `a` and not in `b`. What `a` rules out need not be sayable of `b`'s opposite.
  Result<ValueSet> Subtract(const ValueSet& a, const ValueSet& b);

  // Of a constant: exactly it.
  Result<ValueSet> Constant(const json::Value& value);

 private:
  Result<ArraySet> Intersect(const ArraySet& a, const ArraySet& b);
  Result<ObjectSet> Intersect(const ObjectSet& a, const ObjectSet& b);
  // One set less another, as a union.
  Result<std::vector<NumberSet>> Less(const NumberSet& a, const NumberSet& b);
  Result<std::vector<ArraySet>> Less(const ArraySet& a, const ArraySet& b);
  Result<std::vector<ObjectSet>> Less(const ObjectSet& a, const ObjectSet& b);
  // A union less another.
  template <typename Set>
  Result<std::vector<Set>> LessAll(std::vector<Set> from, const std::vector<Set>& sets);
  template <typename Set>
  Status Append(const std::vector<Set>& more, std::vector<Set>& out);
  template <typename Set>
  Status AddBoth(const Set& a, const Set& b, std::vector<Set>& out);
  Status CheckCount(size_t alternatives) const;

  FormulaTable& formulas_;
  StepBudget& budget_;
};

inline constexpr const char* kNotExpressible = "not_expressible";

}  // namespace pano::grammar
