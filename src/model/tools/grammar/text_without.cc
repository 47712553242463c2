#include "model/tools/grammar/text_without.h"

#include <array>
#include <cstdint>
#include <map>
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

}  // namespace

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
