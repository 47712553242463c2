#include "model/grammar/free_run.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <vector>

namespace pano::grammar {
namespace {

class Search {
 public:
  Search(const PushdownAutomaton& automaton, const ByteAutomaton& character)
      : automaton_(automaton), character_(character) {}

  // Reads any one character from `state`; the states after it go to `reached`.
  bool ReadsAny(uint32_t state, std::vector<uint32_t>& reached) {
    todo_ = {{state, 0}};
    while (!todo_.empty()) {
      const auto [at, part] = todo_.back();
      todo_.pop_back();
      if (!automaton_.states[at].deterministic) return false;
      for (const ByteAutomaton::Edge& wanted : character_.states[part].edges) {
        if (!Reads(at, wanted, reached)) return false;
      }
    }
    return true;
  }

 private:
  bool Reads(uint32_t state, const ByteAutomaton::Edge& wanted, std::vector<uint32_t>& reached) {
    unsigned next = wanted.first;     // the first byte that no edge took yet
    for (const PushdownAutomaton::ByteEdge& edge : automaton_.EdgesOf(state)) {
      if (edge.last < next) continue;
      if (edge.first > next) return false;
      if (character_.states[wanted.target].accepting) reached.push_back(edge.target);
      else todo_.emplace_back(edge.target, wanted.target);
      next = edge.last + 1u;
      if (next > wanted.last) return true;
    }
    return false;
  }

  const PushdownAutomaton& automaton_;
  const ByteAutomaton& character_;
  std::vector<std::pair<uint32_t, uint32_t>> todo_;   // a state, and one inside of the character
};

}  // namespace

size_t FreeRun(const PushdownAutomaton& automaton, uint32_t state, const ByteAutomaton& character,
               size_t chars_max) {
  Search search(automaton, character);
  std::unordered_set<uint32_t> seen = {state};
  std::vector<uint32_t> layer = {state}, reached;
  for (size_t chars = 0; chars < chars_max; ++chars) {
    reached.clear();
    for (uint32_t at : layer) {
      if (!search.ReadsAny(at, reached)) return chars;
    }
    layer.clear();
    for (uint32_t at : reached) {
      if (seen.insert(at).second) layer.push_back(at);
    }
    if (layer.empty()) return kEndless;
  }
  return chars_max;
}

}  // namespace pano::grammar
