#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/grammar/regex/dfa.h"

namespace pano::grammar {

// Strings, as letters (escapes undone): those of an automaton that have `min` to `max` letters. The
// lengths stay apart, so that {"maxLength": 10000} costs nothing. A value; thread-compatible.
class StringSet {
 public:
  StringSet() = default;  // all strings
  static StringSet None() { return StringSet(Dfa()); }
  explicit StringSet(Dfa letters);
  static StringSet OfLength(size_t min, std::optional<size_t> max);
  static StringSet Of(std::vector<std::string> texts) {
    return StringSet(Dfa::Of(std::move(texts)));
  }

  bool any() const { return letters_ == nullptr && min_ == 0 && !max_; }
  // Null: any letters.
  const Dfa* letters() const { return letters_.get(); }
  size_t min() const { return min_; }
  std::optional<size_t> max() const { return max_; }

  // As one automaton, lengths included. Exhausted where lengths and letters multiply beyond the
  // budget.
  Result<Dfa> ToDfa(StepBudget& budget) const;
  // Without any string.
  Result<bool> IsEmpty(StepBudget& budget) const;

  friend Result<StringSet> Intersect(const StringSet& a, const StringSet& b, StepBudget& budget);
  friend Result<StringSet> Unite(const StringSet& a, const StringSet& b, StepBudget& budget);
  friend Result<StringSet> Complement(const StringSet& a, StepBudget& budget);

 private:
  std::shared_ptr<const Dfa> letters_;
  size_t min_ = 0;
  std::optional<size_t> max_;
};

Result<StringSet> Intersect(const StringSet& a, const StringSet& b, StepBudget& budget);
Result<StringSet> Unite(const StringSet& a, const StringSet& b, StepBudget& budget);
Result<StringSet> Complement(const StringSet& a, StepBudget& budget);

}  // namespace pano::grammar
