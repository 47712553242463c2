#include "model/grammar/byte_automaton.h"

#include <cstddef>

namespace pano::grammar {
namespace {

// The states from which an accepting one is reached, by a search along reversed edges.
std::vector<bool> Alive(const ByteAutomaton& automaton) {
  const size_t n = automaton.states.size();
  std::vector<uint32_t> begin(n + 1, 0);
  for (const ByteAutomaton::State& state : automaton.states) {
    for (const ByteAutomaton::Edge& edge : state.edges) ++begin[edge.target + 1];
  }
  for (size_t i = 0; i < n; ++i) begin[i + 1] += begin[i];
  std::vector<uint32_t> sources(begin[n]), next(begin.begin(), begin.end() - 1);
  for (uint32_t i = 0; i < n; ++i) {
    for (const ByteAutomaton::Edge& edge : automaton.states[i].edges) {
      sources[next[edge.target]++] = i;
    }
  }
  std::vector<bool> alive(n, false);
  std::vector<uint32_t> todo;
  for (uint32_t i = 0; i < n; ++i) {
    if (!automaton.states[i].accepting) continue;
    alive[i] = true;
    todo.push_back(i);
  }
  while (!todo.empty()) {
    const uint32_t state = todo.back();
    todo.pop_back();
    for (uint32_t i = begin[state]; i < begin[state + 1]; ++i) {
      if (alive[sources[i]]) continue;
      alive[sources[i]] = true;
      todo.push_back(sources[i]);
    }
  }
  return alive;
}

}  // namespace

ByteAutomaton Trim(const ByteAutomaton& automaton) {
  ByteAutomaton out;
  if (automaton.states.empty()) return out;
  const std::vector<bool> alive = Alive(automaton);
  if (!alive[0]) return out;
  constexpr uint32_t kNone = UINT32_MAX;
  std::vector<uint32_t> place(automaton.states.size(), kNone);
  std::vector<uint32_t> order = {0};
  place[0] = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    ByteAutomaton::State state;
    state.accepting = automaton.states[order[i]].accepting;
    for (ByteAutomaton::Edge edge : automaton.states[order[i]].edges) {
      if (!alive[edge.target] || edge.first > edge.last) continue;
      if (place[edge.target] == kNone) {
        place[edge.target] = static_cast<uint32_t>(order.size());
        order.push_back(edge.target);
      }
      edge.target = place[edge.target];
      state.edges.push_back(edge);
    }
    out.states.push_back(std::move(state));
  }
  return out;
}

}  // namespace pano::grammar
