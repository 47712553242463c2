#include "model/grammar/code_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "base/random.h"
#include "base/utf8.h"

namespace pano::grammar {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The state after `bytes`; nothing where they are refused. Fails where two edges fit.
std::optional<uint32_t> Read(const ByteAutomaton& automaton, std::string_view bytes) {
  uint32_t state = 0;
  for (char c : bytes) {
    std::optional<uint32_t> next;
    for (const ByteAutomaton::Edge& edge : automaton.states[state].edges) {
      const auto byte = static_cast<uint8_t>(c);
      if (byte < edge.first || byte > edge.last) continue;
      EXPECT_FALSE(next.has_value()) << "two edges";
      next = edge.target;
    }
    if (!next) return {};
    state = *next;
  }
  return state;
}

bool Accepts(const ByteAutomaton& automaton, std::string_view bytes) {
  if (automaton.states.empty()) return false;
  const std::optional<uint32_t> state = Read(automaton, bytes);
  return state && automaton.states[*state].accepting;
}

TEST(CodePoints, NormalizeJoinsSortsAndCutsSurrogates) {
  EXPECT_THAT(NormalizeRanges({{'c', 'd'}, {'a', 'b'}, {'x', 'w'}}),
              ElementsAre(CodePointRange{'a', 'd'}));
  EXPECT_THAT(NormalizeRanges({{0, 0xFFFFFFFF}}),
              ElementsAre(CodePointRange{0, 0xD7FF}, CodePointRange{0xE000, 0x10FFFF}));
  EXPECT_THAT(NormalizeRanges({{0xD800, 0xDFFF}}), IsEmpty());
}

TEST(CodePoints, ComplementOfComplementIsTheSame) {
  const std::vector<CodePointRange> ranges = {{'"', '"'}, {0x4E00, 0x9FFF}, {0xE000, 0xF000}};
  EXPECT_EQ(ComplementRanges(ComplementRanges(ranges)), ranges);
  EXPECT_THAT(ComplementRanges({{0, kCodePointMax}}), IsEmpty());
  EXPECT_EQ(ComplementRanges({}).size(), 2u);
}

TEST(CodePoints, AnyCharacterIsWellFormedUtf8AndNothingElse) {
  const ByteAutomaton any = Utf8Automaton({{0, kCodePointMax}});
  // Start, end, one, two and three continuation bytes, and those after E0, ED, F0 and F4.
  EXPECT_EQ(any.states.size(), 9u);
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80",
                          "\xF0\x80\x80\x80", "\xFF", "\xC3", "ab"}) {
    EXPECT_FALSE(Accepts(any, bad)) << bad;
  }
}

// Every code point, for classes with borders anywhere.
TEST(CodePoints, AutomataReadExactlyTheirRanges) {
  Random random(11);
  const char32_t borders[] = {0,      0x7F,   0x80,   0x7FF,   0x800,   0xFFF,    0x1000,
                              0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x100000, 0x10FFFF};
  for (int round = 0; round < 12; ++round) {
    std::vector<CodePointRange> ranges;
    for (int i = 0; i < 4; ++i) {
      const auto border = borders[random.Below(std::size(borders))];
      const auto first = static_cast<char32_t>(
          round % 2 ? random.Below(kCodePointMax + 1) : std::max<int64_t>(0, border - 2));
      ranges.push_back({first, static_cast<char32_t>(first + random.Below(round % 2 ? 50000 : 5))});
    }
    const ByteAutomaton automaton = Utf8Automaton(ranges);
    ranges = NormalizeRanges(ranges);
    for (char32_t c = 0; c <= kCodePointMax; c += round < 2 ? 1 : 1 + static_cast<char32_t>(random.Below(40))) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      bool wanted = false;
      for (const CodePointRange& range : ranges) wanted |= range.first <= c && c <= range.last;
      std::string text;
      Utf8Append(text, c);
      ASSERT_EQ(Accepts(automaton, text), wanted) << std::hex << static_cast<uint32_t>(c);
    }
  }
}

}  // namespace
}  // namespace pano::grammar
