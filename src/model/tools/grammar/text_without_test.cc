#include "model/tools/grammar/text_without.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/random.h"
#include "base/utf8.h"

namespace pano::tools {
namespace {

bool Accepts(const grammar::ByteAutomaton& automaton, std::string_view text) {
  uint32_t state = 0;
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    bool found = false;
    for (const auto& edge : automaton.states[state].edges) {
      if (byte < edge.first || byte > edge.last) continue;
      state = edge.target;
      found = true;
      break;
    }
    if (!found) return false;
  }
  return automaton.states[state].accepting;
}

TEST(TextWithout, TakesAnyTextWithoutTheMarks) {
  const auto automaton = TextWithout({"<tool_call>", "</think>"});
  for (const char* text : {"", "a < b", "<tool_call", "<<tool_call", "</thin", "na\u00efve \U0001F600"}) {
    EXPECT_TRUE(Accepts(automaton, text)) << text;
  }
  for (const char* text : {"<tool_call>", "x<<tool_call>y", "</think>", "\xff", "\xe2\x82"}) {
    EXPECT_FALSE(Accepts(automaton, text)) << text;
  }
}

// The definition, on random texts of few letters.
TEST(TextWithout, IsWhatSearchingSays) {
  const std::vector<std::string> marks = {"abab", "ba|", "bb", "|\u00e9"};
  const auto automaton = TextWithout(marks);
  const std::string letters[] = {"a", "b", "|", "\u00e9", "\xc3"};
  Random random(3);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (uint64_t n = random.Below(9); n > 0; --n) text += letters[random.Below(5)];
    bool expected = Utf8Valid(text);
    for (const std::string& mark : marks) expected = expected && text.find(mark) == std::string::npos;
    ASSERT_EQ(Accepts(automaton, text), expected) << text;
    accepted += expected ? 1 : 0;
  }
  EXPECT_GT(accepted, 1000);
}

TEST(TextWithout, TextsThatBeginOtherwise) {
  const auto automaton = TextNotBeginning(
      {.parts = {"{", "\"name\"", ":", "\""}, .names = {"f", "fg"}, .end = "\""}, {"<|tag|>"});
  for (const char* text : {"", "hi", "{", "{\"nam", "{\"name\": 1}", "{\"name\": \"h\"}", "{\"a\": {\"name\": \"f\"}}",
                           "x {\"name\": \"f\"}", "{\"name\": \"fgh\"}", " <|tag", "[{\"name\": \"f\"}]"}) {
    EXPECT_TRUE(Accepts(automaton, text)) << text;
  }
  for (const char* text : {"{\"name\": \"f\"}", " {\n \"name\" :\"fg\"", "<|tag|>", "{<|tag|>", "{\xff"}) {
    EXPECT_FALSE(Accepts(automaton, text)) << text;
  }
}

}  // namespace
}  // namespace pano::tools
