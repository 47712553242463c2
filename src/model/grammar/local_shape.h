#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/grammar/pushdown_automaton.h"
#include "model/grammar/stack_frame.h"

namespace pano::grammar {

// What a state of an automaton reads within some bytes, as a hash: states of equal hash (128 bits, so
// with practical certainty) read the same texts of at most `radius` bytes, make the same calls and
// may return at the same places. The copies of a character in a length limit are such, but for the
// last ones. Reuses its memory; confined to one thread.
class LocalShape {
 public:
  // Nothing where more than kStatesMax states lie within `radius`.
  static constexpr size_t kStatesMax = 2048;
  std::optional<StackFrame::Hash> Of(const PushdownAutomaton& automaton, uint32_t state,
                                     size_t radius);

 private:
  std::vector<uint32_t> number_;   // by state, valid where stamp_ is now_
  std::vector<uint32_t> stamp_;
  std::vector<uint32_t> order_;    // breadth first
  uint32_t now_ = 0;
};

}  // namespace pano::grammar
