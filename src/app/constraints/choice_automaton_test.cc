#include "app/constraints/choice_automaton.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <string_view>

#include "base/random.h"
#include "base/strings.h"

namespace pano::constraints {
namespace {

bool Accepts(const grammar::ByteAutomaton& automaton, std::string_view text) {
  uint32_t state = 0;
  for (const char c : text) {
    const auto& edges = automaton.states[state].edges;
    const auto byte = static_cast<uint8_t>(c);
    const auto edge = std::ranges::find_if(edges, [byte](const auto& e) { return e.first <= byte && byte <= e.last; });
    if (edge == edges.end()) return false;
    state = edge->target;
  }
  return automaton.states[state].accepting;
}

TEST(ChoiceAutomaton, AcceptsTheTextsAndNoOthers) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::string> texts;
    for (uint64_t i = 0; i <= random.Below(30); ++i) {
      std::string text;
      for (uint64_t k = random.Below(6); k > 0; --k) text += static_cast<char>('a' + random.Below(3));
      texts.push_back(text);
    }
    const grammar::ByteAutomaton automaton = MakeChoiceAutomaton(texts);
    for (const std::string& text : texts) ASSERT_TRUE(Accepts(automaton, text)) << text;
    for (int i = 0; i < 200; ++i) {
      std::string text;
      for (uint64_t k = random.Below(7); k > 0; --k) text += static_cast<char>('a' + random.Below(3));
      ASSERT_EQ(Accepts(automaton, text), std::ranges::find(texts, text) != texts.end()) << text;
    }
  }
}

TEST(ChoiceAutomaton, BeginningsAndEndsAreShared) {
  EXPECT_EQ(grammar::Trim(MakeChoiceAutomaton({"walking", "talking", "walked", "talked"})).states.size(), 9u);
  EXPECT_EQ(MakeChoiceAutomaton({"", "", ""}).states.size(), 1u);
  EXPECT_TRUE(Accepts(MakeChoiceAutomaton({"\xE4\xBD\xA0", "\xE4\xBB\x96"}), "\xE4\xBB\x96"));
}

// Seconds where it is linear, hours where each text meets all others; the bound leaves room for sanitizers.
TEST(ChoiceAutomaton, AHundredThousandTextsAreLinear) {
  std::vector<std::string> texts;
  Random random(2);
  for (int i = 0; i < 100'000; ++i) texts.push_back(StrCat("name-", random.Next(), "-", i));
  const std::clock_t begin = std::clock();
  EXPECT_GT(MakeChoiceAutomaton(std::move(texts)).states.size(), 100'000u);
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 200);
}

}  // namespace
}  // namespace pano::constraints
