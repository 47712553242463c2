#pragma once

#include <cstddef>
#include <cstdint>

#include "model/grammar/byte_automaton.h"
#include "model/grammar/pushdown_automaton.h"

namespace pano::grammar {

// How many characters of the class that `character` reads can follow in `state`, whichever they
// are, without a call or a return: at most `chars_max`, and possibly fewer than is true. In the body
// of a JSON string of unlimited length that is `chars_max`.
// A breadth-first search of the product of both automata for the nearest byte that is refused.
size_t FreeRun(const PushdownAutomaton& automaton, uint32_t state, const ByteAutomaton& character,
               size_t chars_max);

}  // namespace pano::grammar
