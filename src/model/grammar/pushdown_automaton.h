#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pano::grammar {

// A recursive transition network over bytes: each rule is a finite automaton whose edges read a
// byte or call a rule; a final state returns to whoever called. From every state an accepted text
// can still be reached. A value; immutable once compiled.
struct PushdownAutomaton {
  struct ByteEdge {
    uint8_t first = 0;   // ends included; edges of a state ascend by `first`
    uint8_t last = 0;
    uint32_t target = 0;
  };
  // A call reads at least one byte: what a rule may leave out is a path around the call.
  struct CallEdge {
    static constexpr uint32_t kTail = UINT32_MAX;
    uint32_t rule = 0;
    uint32_t target = 0;   // state to go on in; kTail: the caller ends with the call
  };
  struct State {
    uint32_t edge_begin = 0;    // up to the next state's
    uint32_t call_begin = 0;
    bool final = false;
    bool deterministic = false;  // at most one edge for each byte
    bool plain = false;          // deterministic, not final, without calls
  };
  struct Rule {
    uint32_t start = 0;
    // Ascends along calls made before a byte is read; a rule never calls itself so.
    uint32_t left_rank = 0;
  };

  std::vector<State> states;   // and a sentinel
  std::vector<ByteEdge> edges;
  std::vector<CallEdge> calls;
  std::vector<Rule> rules;
  uint32_t root = 0;             // a rule

  bool IsPlain(uint32_t state) const { return states[state].plain; }
  size_t state_count() const { return states.size() - 1; }
  std::span<const ByteEdge> EdgesOf(uint32_t state) const {
    return {edges.data() + states[state].edge_begin, edges.data() + states[state + 1].edge_begin};
  }
  std::span<const CallEdge> CallsOf(uint32_t state) const {
    return {calls.data() + states[state].call_begin, calls.data() + states[state + 1].call_begin};
  }
};

}  // namespace pano::grammar
