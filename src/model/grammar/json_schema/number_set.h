#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "model/grammar/json_schema/decimal.h"
#include "model/grammar/regex/dfa.h"

namespace pano::grammar {

struct NumberBound {
  Decimal value;
  bool exclusive = false;
  bool operator==(const NumberBound&) const = default;
};

// Numbers under one conjunction of conditions. By value, so 1.0 is an integer. A value;
// thread-compatible.
struct NumberSet {
  enum class Kind { kAny, kInteger, kFraction };
  Kind kind = Kind::kAny;
  std::optional<NumberBound> low;
  std::optional<NumberBound> high;
  std::vector<Decimal> multiples;      // of each of these; above zero
  std::vector<Decimal> not_multiples;  // of none of these

  static NumberSet Point(const Decimal& value) {
    return {Kind::kAny, NumberBound{value}, NumberBound{value}, {}, {}};
  }
  bool unlimited() const {
    return !low && !high && multiples.empty() && not_multiples.empty() && kind != Kind::kFraction;
  }
  // The one number it can hold, where its bounds are one. With kInteger it is written as an integer.
  std::optional<Decimal> point() const;
  // Bounds or kinds that leave nothing; conditions on multiples are not looked at.
  bool impossible() const;
  bool operator==(const NumberSet&) const = default;
};

// Nothing where the two exclude each other.
std::optional<NumberSet> Intersect(const NumberSet& a, const NumberSet& b);
// What is no such number, as a union.
std::vector<NumberSet> Complement(const NumberSet& set);

// The JSON texts of the numbers of `set`. An integer has neither point nor exponent; other numbers
// may have both, an exponent (of one digit before the point) where `set` has no multiples. Under an
// exclusive bound the digits behind the point are as few as keep a number that a reader rounds to
// double on the right side. Some spellings are left out, never a wrong one taken in.
Result<Dfa> NumberTexts(const NumberSet& set, StepBudget& budget);

}  // namespace pano::grammar
