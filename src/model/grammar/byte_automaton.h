#pragma once

#include <cstdint>
#include <vector>

namespace pano::grammar {

// A finite automaton over bytes; state 0 is the start. Edges of one state may overlap. A value.
struct ByteAutomaton {
  struct Edge {
    uint8_t first = 0;  // of the bytes that take this edge, ends included
    uint8_t last = 0;
    uint32_t target = 0;
  };
  struct State {
    std::vector<Edge> edges;
    bool accepting = false;
  };
  std::vector<State> states;  // none: the automaton accepts nothing
};

// Without the states that the start does not reach or that reach no accepting state; the start
// stays first. No states where nothing is accepted.
// REQUIRES: every target is a state.
ByteAutomaton Trim(const ByteAutomaton& automaton);

}  // namespace pano::grammar
