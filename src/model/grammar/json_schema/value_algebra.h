#pragma once

#include "base/result.h"
#include "model/grammar/json_schema/formula_table.h"
#include "model/grammar/json_schema/value_set.h"

namespace pano::grammar {

// Boolean operations on sets of values, type by type. Confined to its compilation's thread.
//
// A complement that no set of this form can say ("some property has another value") is Unimplemented
// with reason kNotExpressible; its message says what is not.
class ValueAlgebra {
 public:
  ValueAlgebra(FormulaTable& formulas, StepBudget& budget) : formulas_(formulas), budget_(budget) {}

  Result<ValueSet> Intersect(const ValueSet& a, const ValueSet& b);
  Result<ValueSet> Unite(ValueSet a, const ValueSet& b);
  Result<ValueSet> Complement(const ValueSet& a);

  // Of a constant: exactly it.
  Result<ValueSet> Constant(const json::Value& value);

 private:
  Result<ArraySet> Intersect(const ArraySet& a, const ArraySet& b);
  Result<ObjectSet> Intersect(const ObjectSet& a, const ObjectSet& b);
  Result<std::vector<ArraySet>> Complement(const ArraySet& a);
  Result<std::vector<ObjectSet>> Complement(const ObjectSet& a);
  // Set ∩ ... over a union's parts, each given as a union.
  template <typename Set>
  Result<std::vector<Set>> IntersectAll(const std::vector<std::vector<Set>>& unions);
  Status CheckCount(size_t alternatives) const;

  FormulaTable& formulas_;
  StepBudget& budget_;
};

inline constexpr const char* kNotExpressible = "not_expressible";

}  // namespace pano::grammar
