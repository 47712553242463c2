#pragma once

#include <cstddef>
#include <cstdint>

namespace pano::grammar {

// What a grammar may cost before it is refused (kExhausted, reason "grammar_too_large"; the text
// names the limit). The builder counts while it is filled, so that a hostile source ends early.
struct GrammarLimits {
  size_t source_bytes_max = 4 << 20;    // of a text that is parsed
  size_t rules_max = 1 << 17;           // declared rules, those that repeats add included
  size_t expressions_max = 1 << 20;     // handles given out
  size_t literal_bytes_max = 16 << 20;  // bytes of all literals together
  uint32_t depth_max = 500;             // expressions inside each other
  uint32_t repeat_max = 1 << 20;        // the larger number of {m,n}
  // States of the automaton. About 50 bytes each while it is built, 20 afterwards.
  size_t states_max = 1 << 20;
  // Edges of the automaton, and of every step on the way to it.
  size_t edges_max = 1 << 23;
};

}  // namespace pano::grammar
