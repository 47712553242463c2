#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/grammar/regex/char_set.h"
#include "model/grammar/regex/step_budget.h"

namespace pano::grammar {

// A deterministic finite automaton over Unicode scalar values, trimmed: every state is reached from
// the first and reaches an accepting one, so an automaton without states is the empty language and
// any path is the beginning of an accepted text. An immutable value whose copies share their
// states; thread-compatible.
class Dfa {
 public:
  // Letters of one range lead to `target`; a state's edges are sorted and do not overlap.
  struct Edge {
    char32_t first = 0;
    char32_t last = 0;
    uint32_t target = 0;
    bool operator==(const Edge&) const = default;
  };
  struct State {
    std::vector<Edge> edges;  // in any order, not overlapping
    bool accepting = false;
  };

  Dfa() = default;  // the empty language
  // Starts in states[0]; trims and numbers the states in breadth-first order.
  explicit Dfa(std::vector<State> states);

  // All texts; the empty text only.
  static const Dfa& Any();
  static const Dfa& EmptyText();
  // Texts of `min` to `max` letters, any letters.
  static Dfa OfLength(size_t min, std::optional<size_t> max);
  // Exactly these texts (well-formed UTF-8), as a trie whose equal ends are shared. Linear in their
  // bytes.
  static Dfa Of(std::vector<std::string> texts);

  size_t state_count() const { return data_ == nullptr ? 0 : data_->accepting.size(); }
  size_t edge_count() const { return data_ == nullptr ? 0 : data_->edges.size(); }
  bool empty() const { return data_ == nullptr; }
  // REQUIRES: state < state_count().
  bool accepting(uint32_t state) const { return data_->accepting[state] != 0; }
  std::span<const Edge> edges(uint32_t state) const {
    const Data& data = *data_;
    return {data.edges.data() + data.offsets[state], data.offsets[state + 1] - data.offsets[state]};
  }
  // Whether every text goes on to be accepted from here.
  bool universal(uint32_t state) const;
  bool IsAny() const { return !empty() && universal(0); }

  // The state behind `letter`; nothing where none is.
  std::optional<uint32_t> Next(uint32_t state, char32_t letter) const;
  bool Accepts(std::string_view utf8) const;

  // Letters of the shortest text (REQUIRES: not empty) and of the longest (nothing: no longest).
  size_t ShortestLength() const;
  std::optional<size_t> LongestLength() const;
  // All texts in order when there are at most `limit`.
  std::optional<std::vector<std::string>> Texts(size_t limit) const;

  bool operator==(const Dfa& other) const {
    return data_ == other.data_ ||
           (data_ != nullptr && other.data_ != nullptr && *data_ == *other.data_);
  }

 private:
  struct Data {
    std::vector<uint32_t> offsets;  // by state; one more than states
    std::vector<Edge> edges;
    std::vector<uint8_t> accepting;
    bool operator==(const Data&) const = default;
  };
  std::shared_ptr<const Data> data_;  // null: no state
};

// The boolean operations, by products of states; the answers are minimal unless that would cost too
// much. Exhausted over the budget.
Result<Dfa> Intersect(const Dfa& a, const Dfa& b, StepBudget& budget);
Result<Dfa> Unite(const Dfa& a, const Dfa& b, StepBudget& budget);
Result<Dfa> Subtract(const Dfa& a, const Dfa& b, StepBudget& budget);
Result<Dfa> Complement(const Dfa& a, StepBudget& budget);

// The same language with as few states as there can be. Where that would cost more than
// `steps_max`, `dfa` itself.
Dfa Minimize(Dfa dfa, uint64_t steps_max = 4'000'000);

}  // namespace pano::grammar
