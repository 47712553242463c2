#include "model/grammar/local_shape.h"

namespace pano::grammar {

std::optional<StackFrame::Hash> LocalShape::Of(const PushdownAutomaton& automaton, uint32_t state,
                                               size_t radius) {
  number_.resize(automaton.state_count());
  stamp_.resize(automaton.state_count());
  ++now_;
  order_.clear();
  const auto number = [&](uint32_t seen) {
    if (stamp_[seen] != now_) {
      stamp_[seen] = now_;
      number_[seen] = static_cast<uint32_t>(order_.size());
      order_.push_back(seen);
    }
    return number_[seen];
  };
  number(state);
  StackFrame::Hash hash = {5, 6};
  size_t next = 0;
  for (size_t depth = 0; depth <= radius; ++depth) {
    const size_t layer_end = order_.size();
    if (layer_end > kStatesMax) return {};
    for (; next < layer_end; ++next) {
      const uint32_t at = order_[next];
      const auto calls = automaton.CallsOf(at);
      // The two counts keep lists of different lengths apart.
      const auto edges = automaton.EdgesOf(at).first(depth < radius ? automaton.EdgesOf(at).size() : 0);
      hash = Combine(hash, automaton.states[at].final | edges.size() << 1 | calls.size() << 32);
      for (const PushdownAutomaton::ByteEdge& edge : edges) {
        const uint64_t bytes = edge.first << 8 | edge.last;
        hash = Combine(hash, bytes << 32 | number(edge.target));
      }
      for (const PushdownAutomaton::CallEdge& call : calls) {
        hash = Combine(hash, uint64_t{call.rule} << 32 | call.target);
      }
    }
  }
  return hash;
}

}  // namespace pano::grammar
