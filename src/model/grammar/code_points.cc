#include "model/grammar/code_points.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <tuple>

#include "base/utf8.h"

namespace pano::grammar {
namespace {

constexpr char32_t kSurrogateFirst = 0xD800, kSurrogateLast = 0xDFFF;

// A trie over ranges of bytes; node 0 is the root. Sequences come in ascending order, so that an
// edge that exists already is the last one of its node.
struct RangeTrie {
  struct Edge {
    uint8_t first, last;
    uint32_t target;   // kLeaf: the character ends
  };
  static constexpr uint32_t kLeaf = UINT32_MAX;
  std::vector<std::vector<Edge>> nodes = std::vector<std::vector<Edge>>(1);

  // Code points `first` to `last`, whose UTF-8 forms differ by whole ranges of bytes at each place.
  void Insert(char32_t first, char32_t last) {
    std::string low, high;
    Utf8Append(low, first);
    Utf8Append(high, last);
    uint32_t node = 0;
    for (size_t i = 0; i < low.size(); ++i) {
      const auto from = static_cast<uint8_t>(low[i]), to = static_cast<uint8_t>(high[i]);
      if (!nodes[node].empty() && nodes[node].back().first == from &&
          nodes[node].back().last == to) {
        node = nodes[node].back().target;
        continue;
      }
      uint32_t target = kLeaf;
      if (i + 1 < low.size()) {
        target = static_cast<uint32_t>(nodes.size());
        nodes.emplace_back();
      }
      nodes[node].push_back({from, to, target});
      node = target;
    }
  }
};

// Cuts [first, last] where the forms change their length or a place stops being a whole range.
void InsertSplit(RangeTrie& trie, char32_t first, char32_t last) {
  for (char32_t bound : {0x7Fu, 0x7FFu, 0xFFFFu}) {
    if (first <= bound && bound < last) {
      InsertSplit(trie, first, bound);
      InsertSplit(trie, bound + 1, last);
      return;
    }
  }
  if (last > 0x7F) {
    for (int places = 1; places <= 3; ++places) {
      const char32_t low_bits = (char32_t{1} << (6 * places)) - 1;
      if ((first & ~low_bits) == (last & ~low_bits)) continue;
      if ((first & low_bits) != 0) {
        InsertSplit(trie, first, first | low_bits);
        InsertSplit(trie, (first | low_bits) + 1, last);
        return;
      }
      if ((last & low_bits) != low_bits) {
        InsertSplit(trie, first, (last & ~low_bits) - 1);
        InsertSplit(trie, last & ~low_bits, last);
        return;
      }
    }
  }
  trie.Insert(first, last);
}

// Merges nodes with the same edges from the leaves up; the depth is at most 4.
class Merger {
 public:
  explicit Merger(const RangeTrie& trie) : trie_(trie) {
    out_.states.resize(2);
    out_.states[1].accepting = true;
  }

  ByteAutomaton Run() {
    out_.states[0].edges = EdgesOf(0);
    return std::move(out_);
  }

 private:
  std::vector<ByteAutomaton::Edge> EdgesOf(uint32_t node) {
    std::vector<ByteAutomaton::Edge> edges;
    for (const RangeTrie::Edge& edge : trie_.nodes[node]) {
      const uint32_t target = edge.target == RangeTrie::kLeaf ? 1 : Place(edge.target);
      if (!edges.empty() && edges.back().target == target && edges.back().last + 1 == edge.first) {
        edges.back().last = edge.last;
      } else {
        edges.push_back({edge.first, edge.last, target});
      }
    }
    return edges;
  }

  uint32_t Place(uint32_t node) {
    std::vector<ByteAutomaton::Edge> edges = EdgesOf(node);
    Key key;
    for (const ByteAutomaton::Edge& edge : edges) key.emplace_back(edge.first, edge.last, edge.target);
    const auto [found, is_new] =
        places_.try_emplace(std::move(key), static_cast<uint32_t>(out_.states.size()));
    if (is_new) out_.states.push_back({std::move(edges), false});
    return found->second;
  }

  using Key = std::vector<std::tuple<uint8_t, uint8_t, uint32_t>>;
  const RangeTrie& trie_;
  ByteAutomaton out_;
  std::map<Key, uint32_t> places_;
};

}  // namespace

std::vector<CodePointRange> NormalizeRanges(std::vector<CodePointRange> ranges) {
  std::vector<CodePointRange> cut;
  for (CodePointRange range : ranges) {
    range.last = std::min(range.last, kCodePointMax);
    if (range.first > range.last) continue;
    if (range.first < kSurrogateFirst) {
      cut.push_back({range.first, std::min<char32_t>(range.last, kSurrogateFirst - 1)});
    }
    if (range.last > kSurrogateLast) {
      cut.push_back({std::max<char32_t>(range.first, kSurrogateLast + 1), range.last});
    }
  }
  std::sort(cut.begin(), cut.end(), [](const CodePointRange& a, const CodePointRange& b) {
    return a.first < b.first;
  });
  std::vector<CodePointRange> out;
  for (const CodePointRange& range : cut) {
    // Across the surrogates two ranges touch, too, but stay two: nothing lies between them.
    if (!out.empty() && range.first <= out.back().last + 1) {
      out.back().last = std::max(out.back().last, range.last);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

std::vector<CodePointRange> ComplementRanges(std::vector<CodePointRange> ranges) {
  std::vector<CodePointRange> out;
  char32_t next = 0;
  for (const CodePointRange& range : NormalizeRanges(std::move(ranges))) {
    if (range.first > next) out.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kCodePointMax) out.push_back({next, kCodePointMax});
  return NormalizeRanges(std::move(out));
}

ByteAutomaton Utf8Automaton(std::vector<CodePointRange> ranges) {
  const std::vector<CodePointRange> sorted = NormalizeRanges(std::move(ranges));
  if (sorted.empty()) return {};
  RangeTrie trie;
  for (const CodePointRange& range : sorted) InsertSplit(trie, range.first, range.last);
  return Merger(trie).Run();
}

}  // namespace pano::grammar
