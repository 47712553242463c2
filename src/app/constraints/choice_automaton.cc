#include "app/constraints/choice_automaton.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <utility>

// Texts come in order, so only the states along the latest one can still get edges. When the next text leaves
// it, those behind the common beginning are done, from the last one on: each is replaced by an equal state
// that is there already, or becomes one itself. Numbers of replaced states are used again.

namespace pano::constraints {
namespace {

using grammar::ByteAutomaton;
using State = ByteAutomaton::State;

class Builder {
 public:
  Builder() : done_(0, Hash{&automaton_}, Equal{&automaton_}) {
    automaton_.states.emplace_back();
    path_.push_back(0);
  }

  // REQUIRES: not before the text that was added last.
  void Add(std::string_view text) {
    const size_t common = static_cast<size_t>(
        std::ranges::mismatch(text, last_).in1 - text.begin());
    Complete(common);
    for (size_t i = common; i < text.size(); ++i) {
      const auto byte = static_cast<uint8_t>(text[i]);
      const uint32_t next = NewState();
      automaton_.states[path_.back()].edges.push_back({byte, byte, next});
      path_.push_back(next);
    }
    automaton_.states[path_.back()].accepting = true;
    last_ = text;
  }

  ByteAutomaton Finish() && {
    Complete(0);
    return std::move(automaton_);
  }

 private:
  struct Hash {
    const ByteAutomaton* automaton;
    size_t operator()(uint32_t id) const {
      const State& state = automaton->states[id];
      uint64_t hash = state.accepting ? 1 : 2;
      for (const ByteAutomaton::Edge& edge : state.edges) {
        hash = (hash ^ (uint64_t{edge.target} << 8 | edge.first)) * 0x9E3779B97F4A7C15ull;
        hash ^= hash >> 29;
      }
      return static_cast<size_t>(hash);
    }
  };
  struct Equal {
    const ByteAutomaton* automaton;
    bool operator()(uint32_t a, uint32_t b) const {
      const State& x = automaton->states[a];
      const State& y = automaton->states[b];
      return x.accepting == y.accepting &&
             std::ranges::equal(x.edges, y.edges, [](const auto& p, const auto& q) {
               return p.first == q.first && p.target == q.target;
             });
    }
  };

  uint32_t NewState() {
    if (!free_.empty()) {
      const uint32_t id = free_.back();
      free_.pop_back();
      automaton_.states[id] = State();
      return id;
    }
    automaton_.states.emplace_back();
    return static_cast<uint32_t>(automaton_.states.size() - 1);
  }

  // The states of the latest text behind its first `kept` bytes are done.
  void Complete(size_t kept) {
    while (path_.size() > kept + 1) {
      const uint32_t id = path_.back();
      path_.pop_back();
      const auto [same, fresh] = done_.insert(id);
      if (fresh) continue;
      automaton_.states[path_.back()].edges.back().target = *same;
      free_.push_back(id);
    }
  }

  ByteAutomaton automaton_;
  std::unordered_set<uint32_t, Hash, Equal> done_;
  std::vector<uint32_t> path_;  // states along the latest text, the start first
  std::vector<uint32_t> free_;
  std::string last_;
};

}  // namespace

grammar::ByteAutomaton MakeChoiceAutomaton(std::vector<std::string> texts) {
  std::ranges::sort(texts);
  Builder builder;
  for (const std::string& text : texts) builder.Add(text);
  return std::move(builder).Finish();
}

}  // namespace pano::constraints
