#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "model/grammar/regex/dfa.h"
#include "model/grammar/regex/regex_syntax.h"

namespace pano::grammar {

// A nondeterministic automaton under construction (Thompson 1968), from its end to its beginning:
// each Add takes the state that follows and answers the state to enter. Counts are written out as
// copies. Confined to one compilation's thread.
//
//   Nfa nfa(limits);
//   const uint32_t entry = nfa.AddSyntax(syntax, nfa.end());
//   return nfa.Determinize(entry, budget);
class Nfa {
 public:
  explicit Nfa(const RegexLimits& limits);

  uint32_t end() const { return 0; }  // accepts
  uint32_t AddSet(const CharSet& set, uint32_t next);
  uint32_t AddChoice(uint32_t one, uint32_t other);
  uint32_t AddOptional(uint32_t entry, uint32_t next) { return AddChoice(entry, next); }
  uint32_t AddDfa(const Dfa& dfa, uint32_t next);  // REQUIRES: not empty
  // Any letters before `next`.
  uint32_t AddAnyBefore(uint32_t next);
  // Exhausted where the counts of `syntax`, written out, are more than the limit: before any is.
  Result<uint32_t> AddSyntax(const RegexSyntax& syntax, uint32_t next);

  // The subset construction from `entry`. Exhausted over the limits of states and edges or the
  // budget.
  Result<Dfa> Determinize(uint32_t entry, StepBudget& budget) const;

 private:
  friend class SubsetConstruction;
  enum class Kind : uint8_t { kEnd, kSet, kChoice, kAssert };
  struct State {
    Kind kind = Kind::kEnd;
    Assertion assertion{};
    uint32_t set = 0;  // kSet
    uint32_t next = 0;
    uint32_t other = 0;  // kChoice
  };

  uint32_t Add(State state);
  uint32_t SetId(const CharSet& set);
  uint64_t SizeOf(const RegexSyntax& syntax, uint32_t node) const;
  uint32_t AddNode(const RegexSyntax& syntax, uint32_t node, uint32_t next);

  const RegexLimits limits_;
  std::vector<State> states_;
  std::vector<CharSet> sets_;
  bool has_assertions_ = false;
  bool has_word_boundaries_ = false;
};

// A regular expression's automaton: of the texts that match whole, or (search) that hold a match.
Result<Dfa> CompileRegexDfa(std::string_view source, RegexDialect dialect, bool search,
                            StepBudget& budget, const RegexLimits& limits = {});

}  // namespace pano::grammar
