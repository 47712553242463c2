// Fewest states for a language: Moore, "Gedanken-experiments on sequential machines" (1956), by
// refinement of classes; without cycles in one pass from the ends (Revuz 1992).
#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/grammar/regex/dfa.h"

namespace pano::grammar {
namespace {

using Edge = Dfa::Edge;

struct SignatureHash {
  size_t operator()(const std::vector<uint32_t>& words) const {
    uint64_t hash = 0xcbf29ce484222325;
    for (uint32_t word : words) hash = (hash ^ word) * 0x100000001b3 + (hash >> 29);
    return hash;
  }
};

using Classes = std::unordered_map<std::vector<uint32_t>, uint32_t, SignatureHash>;

// What tells `state` from others, given the classes of its targets; ranges that lead to one class are
// joined, so that how they were cut does not matter.
std::vector<uint32_t> Signature(const Dfa& dfa, uint32_t state, const std::vector<uint32_t>& class_of) {
  std::vector<uint32_t> words = {dfa.accepting(state) ? 1u : 0u};
  for (const Edge& edge : dfa.edges(state)) {
    const uint32_t target = class_of[edge.target];
    const size_t size = words.size();
    if (size > 3 && words[size - 1] == target && words[size - 2] + 1 == edge.first) {
      words[size - 2] = edge.last;
    } else {
      words.insert(words.end(), {edge.first, edge.last, target});
    }
  }
  return words;
}

// States in an order in which targets come before sources; shorter than all where there is a cycle.
std::vector<uint32_t> TargetsFirst(const Dfa& dfa) {
  const size_t count = dfa.state_count();
  std::vector<uint32_t> open(count);             // edges to states that are not placed yet
  std::vector<std::vector<uint32_t>> sources(count);
  std::vector<uint32_t> order;
  for (uint32_t state = 0; state < count; ++state) {
    open[state] = static_cast<uint32_t>(dfa.edges(state).size());
    for (const Edge& edge : dfa.edges(state)) sources[edge.target].push_back(state);
    if (open[state] == 0) order.push_back(state);
  }
  for (size_t at = 0; at < order.size(); ++at) {
    for (uint32_t source : sources[order[at]]) {
      if (--open[source] == 0) order.push_back(source);
    }
  }
  return order;
}

Dfa Merged(const Dfa& dfa, const std::vector<uint32_t>& class_of, size_t class_count) {
  // The first state's class comes first.
  std::vector<Dfa::State> states(class_count);
  std::vector<uint8_t> done(class_count);
  const uint32_t first = class_of[0];
  auto number = [first](uint32_t c) { return c == first ? 0 : c == 0 ? first : c; };
  for (uint32_t state = 0; state < dfa.state_count(); ++state) {
    const uint32_t merged = number(class_of[state]);
    if (done[merged]) continue;
    done[merged] = 1;
    states[merged].accepting = dfa.accepting(state);
    for (Edge edge : dfa.edges(state)) {
      edge.target = number(class_of[edge.target]);
      states[merged].edges.push_back(edge);
    }
  }
  return Dfa(std::move(states));
}

}  // namespace

Dfa Minimize(Dfa dfa, uint64_t steps_max) {
  const size_t count = dfa.state_count();
  if (count <= 1) return dfa;
  std::vector<uint32_t> class_of(count);
  if (const std::vector<uint32_t> order = TargetsFirst(dfa); order.size() == count) {
    Classes classes;
    for (uint32_t state : order) {
      class_of[state] =
          classes.try_emplace(Signature(dfa, state, class_of), static_cast<uint32_t>(classes.size()))
              .first->second;
    }
    return classes.size() == count ? std::move(dfa) : Merged(dfa, class_of, classes.size());
  }
  size_t class_count = 1;
  for (uint64_t steps = 0;;) {
    steps += count + dfa.edge_count();
    if (steps > steps_max) return dfa;
    Classes classes;
    std::vector<uint32_t> refined(count);
    for (uint32_t state = 0; state < count; ++state) {
      std::vector<uint32_t> signature = Signature(dfa, state, class_of);
      signature.push_back(class_of[state]);
      refined[state] =
          classes.try_emplace(std::move(signature), static_cast<uint32_t>(classes.size())).first->second;
    }
    class_of = std::move(refined);
    if (classes.size() == class_count) break;
    class_count = classes.size();
    if (class_count == count) return dfa;
  }
  return Merged(dfa, class_of, class_count);
}

}  // namespace pano::grammar
