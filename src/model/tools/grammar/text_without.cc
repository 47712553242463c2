#include "model/tools/grammar/text_without.h"

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

namespace pano::tools {
namespace {

// UTF-8 as an automaton (RFC 3629): what may follow after each beginning of a character.
struct Utf8Edge {
  uint8_t from, first, last, to;
};
constexpr Utf8Edge kUtf8[] = {
    {0, 0x00, 0x7F, 0}, {0, 0xC2, 0xDF, 1}, {0, 0xE0, 0xE0, 2}, {0, 0xE1, 0xEC, 3},
    {0, 0xED, 0xED, 4}, {0, 0xEE, 0xEF, 3}, {0, 0xF0, 0xF0, 5}, {0, 0xF1, 0xF3, 6},
    {0, 0xF4, 0xF4, 7}, {1, 0x80, 0xBF, 0}, {2, 0xA0, 0xBF, 1}, {3, 0x80, 0xBF, 1},
    {4, 0x80, 0x9F, 1}, {5, 0x90, 0xBF, 3}, {6, 0x80, 0xBF, 3}, {7, 0x80, 0x8F, 3},
};

constexpr uint32_t kNone = UINT32_MAX;

// The longest beginning of a mark that the text so far ends with, as a state; kNone: a whole mark.
class MarkTracker {
 public:
  explicit MarkTracker(const std::vector<std::string>& marks) {
    AddState();
    for (const std::string& mark : marks) {
      uint32_t at = 0;
      for (char c : mark) {
        const auto byte = static_cast<uint8_t>(c);
        if (next_[at][byte] == kNone) {
          const uint32_t made = AddState();
          next_[at][byte] = made;
        }
        at = next_[at][byte];
      }
      whole_[at] = true;
    }
    Complete();
  }

  uint32_t Next(uint32_t state, uint8_t byte) const {
    const uint32_t next = next_[state][byte];
    return whole_[next] ? kNone : next;
  }

 private:
  uint32_t AddState() {
    next_.emplace_back().fill(kNone);
    whole_.push_back(false);
    return static_cast<uint32_t>(next_.size() - 1);
  }

  // Fills the edges that the tree of marks leaves open, in breadth-first order.
  void Complete() {
    std::vector<uint32_t> order = {0};
    std::vector<uint32_t> shorter(next_.size(), 0);
    for (size_t i = 0; i < order.size(); ++i) {
      const uint32_t state = order[i];
      whole_[state] = whole_[state] || whole_[shorter[state]];
      for (size_t byte = 0; byte < 256; ++byte) {
        const uint32_t fallback = state == 0 ? 0 : next_[shorter[state]][byte];
        uint32_t& next = next_[state][byte];
        if (next == kNone) {
          next = fallback;
        } else {
          shorter[next] = fallback;
          order.push_back(next);
        }
      }
    }
  }

  std::vector<std::array<uint32_t, 256>> next_;
  std::vector<bool> whole_;
};

// The beginning as a tree of bytes, in which blanks lead nowhere else. A state has its edges by byte.
class BeginningTree {
 public:
  explicit BeginningTree(const Beginning& beginning) {
    uint32_t at = AddState();
    for (const std::string& part : beginning.parts) {
      skips_blanks_[at] = true;
      at = AddText(at, part);
    }
    for (const std::string& name : beginning.names) {
      const uint32_t end = AddText(at, name + beginning.end);
      whole_[end] = true;
    }
  }

  size_t size() const { return next_.size(); }
  bool SkipsBlanks(uint32_t state) const { return skips_blanks_[state]; }
  bool IsWhole(uint32_t state) const { return whole_[state]; }
  // The state behind `byte`; kNone: the text begins otherwise.
  uint32_t Next(uint32_t state, uint8_t byte) const {
    const auto found = next_[state].find(byte);
    return found == next_[state].end() ? kNone : found->second;
  }

 private:
  uint32_t AddState() {
    next_.emplace_back();
    skips_blanks_.push_back(false);
    whole_.push_back(false);
    return static_cast<uint32_t>(next_.size() - 1);
  }

  uint32_t AddText(uint32_t at, std::string_view text) {
    for (char c : text) {
      const auto byte = static_cast<uint8_t>(c);
      const auto found = next_[at].find(byte);
      const uint32_t next = found == next_[at].end() ? AddState() : found->second;
      next_[at][byte] = next;
      at = next;
    }
    return at;
  }

  std::vector<std::map<uint8_t, uint32_t>> next_;
  std::vector<bool> skips_blanks_, whole_;
};

bool IsBlank(unsigned byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }

uint32_t TargetOf(const grammar::ByteAutomaton::State& state, unsigned byte) {
  for (const auto& edge : state.edges) {
    if (edge.first <= byte && byte <= edge.last) return edge.target;
  }
  return kNone;
}

}  // namespace

grammar::ByteAutomaton TextNotBeginning(const Beginning& beginning,
                                        const std::vector<std::string>& marks) {
  const grammar::ByteAutomaton text = TextWithout(marks);
  const BeginningTree tree(beginning);
  const auto offset = static_cast<uint32_t>(tree.size());
  grammar::ByteAutomaton out;
  for (uint32_t state = 0; state < offset; ++state) {
    auto& made = out.states.emplace_back();
    made.accepting = true;
    if (tree.IsWhole(state)) continue;  // nothing leads here
    for (unsigned byte = 0; byte < 256; ++byte) {
      uint32_t target = tree.Next(state, static_cast<uint8_t>(byte));
      if (target != kNone) {
        if (tree.IsWhole(target)) continue;
      } else if (tree.SkipsBlanks(state) && IsBlank(byte)) {
        target = state;
      } else {
        target = TargetOf(text.states[0], byte);
        if (target == kNone) continue;
        target += offset;
      }
      made.edges.push_back({static_cast<uint8_t>(byte), static_cast<uint8_t>(byte), target});
    }
  }
  for (grammar::ByteAutomaton::State state : text.states) {
    for (auto& edge : state.edges) edge.target += offset;
    out.states.push_back(std::move(state));
  }
  return out;
}

grammar::ByteAutomaton TextWithout(const std::vector<std::string>& marks) {
  const MarkTracker tracker(marks);
  grammar::ByteAutomaton out;
  std::map<std::pair<uint32_t, uint8_t>, uint32_t> states;   // (of the marks, of UTF-8)
  std::vector<std::pair<uint32_t, uint8_t>> order;
  auto state_of = [&](uint32_t mark, uint8_t utf8) {
    const auto [at, added] =
        states.emplace(std::pair(mark, utf8), static_cast<uint32_t>(order.size()));
    if (added) {
      order.emplace_back(mark, utf8);
      out.states.push_back({.edges = {}, .accepting = utf8 == 0});
    }
    return at->second;
  };
  state_of(0, 0);
  for (size_t i = 0; i < order.size(); ++i) {
    const auto [mark, utf8] = order[i];
    for (const Utf8Edge& edge : kUtf8) {
      if (edge.from != utf8) continue;
      for (unsigned byte = edge.first; byte <= edge.last; ++byte) {
        const uint32_t next = tracker.Next(mark, static_cast<uint8_t>(byte));
        if (next == kNone) continue;
        const uint32_t target = state_of(next, edge.to);
        auto& edges = out.states[i].edges;
        const bool extends =
            !edges.empty() && edges.back().target == target && edges.back().last + 1u == byte;
        if (extends) {
          edges.back().last = static_cast<uint8_t>(byte);
        } else {
          edges.push_back({static_cast<uint8_t>(byte), static_cast<uint8_t>(byte), target});
        }
      }
    }
  }
  return out;
}

}  // namespace pano::tools
