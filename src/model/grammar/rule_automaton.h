#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/grammar/byte_nfa.h"
#include "model/grammar/pushdown_automaton.h"

namespace pano::grammar {

// One rule's automaton without empty edges, its states numbered from 0, the start. A value.
struct RuleAutomaton {
  std::vector<PushdownAutomaton::State> states;  // and a sentinel
  std::vector<PushdownAutomaton::ByteEdge> edges;
  std::vector<PushdownAutomaton::CallEdge> calls;

  std::span<const PushdownAutomaton::ByteEdge> EdgesOf(uint32_t state) const {
    return {edges.data() + states[state].edge_begin, edges.data() + states[state + 1].edge_begin};
  }
  std::span<const PushdownAutomaton::CallEdge> CallsOf(uint32_t state) const {
    return {calls.data() + states[state].call_begin, calls.data() + states[state + 1].call_begin};
  }
  uint32_t state_count() const { return static_cast<uint32_t>(states.size() - 1); }
};

// The same language with at most one edge for each byte and each called rule (subset construction),
// or nothing where that would take more than `states_max` states or `work_max` visits of states and
// edges. `work`: how many it took.
std::optional<RuleAutomaton> Determinize(const ByteNfa& nfa, size_t states_max, size_t work_max,
                                         size_t& work);

// The same language with overlapping edges; nothing where it would have more than `edges_max`.
std::optional<RuleAutomaton> RemoveEmptyEdges(const ByteNfa& nfa, size_t edges_max);

// States with the same continuation become one, as far as that shows from the end backwards (as in
// an acyclic automaton; of cycles, states that lead to the same ones). REQUIRES: deterministic.
RuleAutomaton MergeSuffixes(const RuleAutomaton& automaton);

}  // namespace pano::grammar
