#include "model/grammar/regex/dfa_bytes.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace pano::grammar {
namespace {

struct ByteRange {
  uint8_t first = 0;
  uint8_t last = 0;
  auto operator<=>(const ByteRange&) const = default;
};

// A way from one state to another: one range for each byte.
struct Way {
  std::array<ByteRange, 6> bytes{};
  uint8_t length = 0;
  uint32_t target = 0;

  void Push(uint8_t first, uint8_t last) { bytes[length++] = {first, last}; }
};

constexpr char32_t kControlEnd = 0x20;

// The letter that follows the backslash in a short escape; 0 where there is none.
char ShortEscape(char32_t c) {
  switch (c) {
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

// The `at`-th byte of the UTF-8 form of `c`, which has `length` bytes.
uint8_t Utf8Byte(char32_t c, size_t length, size_t at) {
  constexpr std::array<uint8_t, 5> kLead = {0, 0, 0xc0, 0xe0, 0xf0};
  if (length == 1) return static_cast<uint8_t>(c);
  const size_t shift = 6 * (length - 1 - at);
  const auto bits = static_cast<uint8_t>(c >> shift);
  return at == 0 ? static_cast<uint8_t>(kLead[length] | bits)
                 : static_cast<uint8_t>(0x80 | (bits & 0x3f));
}

// [first, last] whose forms have `length` bytes, as ways in which every byte behind one that spans
// several values spans all of them.
void AddUtf8(char32_t first, char32_t last, size_t length, uint32_t target,
             std::vector<Way>& ways) {
  for (size_t i = 1; i < length; ++i) {
    const char32_t low_bits = (char32_t{1} << (6 * i)) - 1;
    if ((first & ~low_bits) == (last & ~low_bits)) continue;
    if ((first & low_bits) != 0) {
      AddUtf8(first, first | low_bits, length, target, ways);
      AddUtf8((first | low_bits) + 1, last, length, target, ways);
      return;
    }
    if ((last & low_bits) != low_bits) {
      AddUtf8(first, (last & ~low_bits) - 1, length, target, ways);
      AddUtf8(last & ~low_bits, last, length, target, ways);
      return;
    }
  }
  Way way;
  way.target = target;
  for (size_t at = 0; at < length; ++at)
    way.Push(Utf8Byte(first, length, at), Utf8Byte(last, length, at));
  ways.push_back(way);
}

void AddPlain(char32_t first, char32_t last, uint32_t target, std::vector<Way>& ways) {
  constexpr std::array<char32_t, 4> kLengthEnds = {0x80, 0x800, 0x10000, 0x110000};
  for (size_t length = 1; length <= 4 && first <= last; ++length) {
    if (first >= kLengthEnds[length - 1]) continue;
    const char32_t end = std::min<char32_t>(last, kLengthEnds[length - 1] - 1);
    AddUtf8(first, end, length, target, ways);
    first = end + 1;
  }
}

void AddEscaped(char32_t c, uint32_t target, std::vector<Way>& ways) {
  Way way;
  way.target = target;
  way.Push('\\', '\\');
  if (const char letter = ShortEscape(c)) {
    way.Push(static_cast<uint8_t>(letter), static_cast<uint8_t>(letter));
    ways.push_back(way);
    return;
  }
  constexpr std::array<std::string_view, 2> kHex = {"0123456789abcdef", "0123456789ABCDEF"};
  for (char digit : {'u', '0', '0', static_cast<char>('0' + (c >> 4))}) {
    way.Push(static_cast<uint8_t>(digit), static_cast<uint8_t>(digit));
  }
  for (size_t i = 0; i < ((c & 15) < 10 ? 1 : 2); ++i) {
    Way spelled = way;
    const auto digit = static_cast<uint8_t>(kHex[i][c & 15]);
    spelled.Push(digit, digit);
    ways.push_back(spelled);
  }
}

// Adds to `ways` how the letters of `edge` are written.
void AddWays(const Dfa::Edge& edge, Spelling spelling, std::vector<Way>& ways) {
  if (spelling == Spelling::kUtf8) {
    AddPlain(edge.first, edge.last, edge.target, ways);
    return;
  }
  char32_t from = edge.first;
  for (; from <= edge.last && from < kControlEnd; ++from) AddEscaped(from, edge.target, ways);
  for (char32_t special : {char32_t{'"'}, char32_t{'\\'}}) {
    if (special < from || special > edge.last) continue;
    AddEscaped(special, edge.target, ways);
    if (special > from) AddPlain(from, special - 1, edge.target, ways);
    from = special + 1;
  }
  if (from <= edge.last) AddPlain(from, edge.last, edge.target, ways);
}

// Builds the automaton, giving equal states inside letters one number. Confined to one call.
class ByteWriter {
 public:
  ByteWriter(const Dfa& dfa, Spelling spelling) : dfa_(dfa), spelling_(spelling) {}

  ByteAutomaton Run() {
    out_.states.resize(dfa_.state_count());
    std::vector<Way> ways;
    for (uint32_t state = 0; state < dfa_.state_count(); ++state) {
      ways.clear();
      for (const Dfa::Edge& edge : dfa_.edges(state)) AddWays(edge, spelling_, ways);
      std::sort(ways.begin(), ways.end(),
                [](const Way& a, const Way& b) { return a.bytes < b.bytes; });
      std::vector<Edge> edges = EdgesOf(ways, 0, ways.size(), 0);
      out_.states[state].edges.reserve(edges.size());
      for (const Edge& edge : edges) out_.states[state].edges.push_back(edge.ToByteEdge());
      out_.states[state].accepting = dfa_.accepting(state);
    }
    return std::move(out_);
  }

 private:
  struct Edge {
    ByteRange bytes;
    uint32_t target = 0;
    auto operator<=>(const Edge&) const = default;
    ByteAutomaton::Edge ToByteEdge() const { return {bytes.first, bytes.last, target}; }
  };

  // Edges of the state from which ways[begin, end) go on with their byte `at`.
  std::vector<Edge> EdgesOf(const std::vector<Way>& ways, size_t begin, size_t end, size_t at) {
    std::vector<Edge> edges;
    for (size_t i = begin; i < end;) {
      const ByteRange bytes = ways[i].bytes[at];
      size_t j = i + 1;
      uint32_t target = ways[i].target;
      if (ways[i].length > at + 1) {
        while (j < end && ways[j].bytes[at] == bytes) ++j;
        target = Inner(EdgesOf(ways, i, j, at + 1));
      }
      if (!edges.empty() && edges.back().target == target &&
          edges.back().bytes.last + 1 == bytes.first) {
        edges.back().bytes.last = bytes.last;
      } else {
        edges.push_back({bytes, target});
      }
      i = j;
    }
    return edges;
  }

  uint32_t Inner(std::vector<Edge> edges) {
    const auto [at, added] =
        inner_.try_emplace(std::move(edges), static_cast<uint32_t>(out_.states.size()));
    if (added) {
      ByteAutomaton::State& state = out_.states.emplace_back();
      for (const Edge& edge : at->first) state.edges.push_back(edge.ToByteEdge());
    }
    return at->second;
  }

  const Dfa& dfa_;
  const Spelling spelling_;
  ByteAutomaton out_;
  std::map<std::vector<Edge>, uint32_t> inner_;
};

}  // namespace

ByteAutomaton ToBytes(const Dfa& dfa, Spelling spelling) { return ByteWriter(dfa, spelling).Run(); }

}  // namespace pano::grammar
