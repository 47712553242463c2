#pragma once

#include <cstddef>
#include <cstdint>

#include "model/grammar/byte_automaton.h"
#include "model/grammar/pushdown_automaton.h"

namespace pano::grammar {

// How many characters of the class that `character` reads can follow in `state`, whichever they
// are, without a call or a return: `chars_max` stands for any more, and the answer may be fewer than
// is true. kEndless, where a search to its end shows that no number is too many: in the body of a
// JSON string of unlimited length.
// A breadth-first search of the product of both automata for the nearest byte that is refused.
inline constexpr size_t kEndless = SIZE_MAX;
size_t FreeRun(const PushdownAutomaton& automaton, uint32_t state, const ByteAutomaton& character,
               size_t chars_max);

}  // namespace pano::grammar
