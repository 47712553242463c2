#include "model/grammar/local_shape.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/grammar/code_points.h"
#include "model/grammar/free_run.h"
#include "model/grammar/gbnf.h"
#include "model/grammar/pushdown_automaton.h"

namespace pano::grammar {
namespace {

Grammar Parse(std::string_view gbnf) {
  Result<Grammar> grammar = ParseGbnf(gbnf);
  EXPECT_TRUE(grammar.ok()) << grammar.status().message();
  return *grammar;
}

// The states along a text from the root's start; the grammar has no calls.
std::vector<uint32_t> Path(const Grammar& grammar, std::string_view text) {
  const PushdownAutomaton& automaton = grammar.automaton();
  std::vector<uint32_t> path = {automaton.rules[automaton.root].start};
  for (char c : text) {
    for (const PushdownAutomaton::ByteEdge& edge : automaton.EdgesOf(path.back())) {
      if (edge.first > static_cast<uint8_t>(c) || edge.last < static_cast<uint8_t>(c)) continue;
      path.push_back(edge.target);
      break;
    }
  }
  EXPECT_EQ(path.size(), text.size() + 1);
  return path;
}

TEST(LocalShape, CopiesOfALengthLimitAreAlikeButNearItsEnd) {
  const Grammar grammar = Parse("root ::= \"<\" [a-z]{0,60} \">\"");
  const std::vector<uint32_t> path = Path(grammar, "<" + std::string(60, 'x'));
  LocalShape shape;
  const auto of = [&](size_t place) { return *shape.Of(grammar.automaton(), path[place], 10); };
  const auto far = of(1);
  for (size_t place = 1; place <= 61; ++place) {
    // 61 - place letters may follow; with fewer than 10 the end shows.
    EXPECT_EQ(of(place) == far, place <= 51) << place;
  }
  EXPECT_NE(of(0), far);
}

TEST(LocalShape, CallsAndEndsShow) {
  const Grammar grammar = Parse("root ::= \"a\" x \"1\" | \"b\" x \"2\" | \"c\" x\nx ::= \"(\" x \")\" | \"y\"");
  const PushdownAutomaton& automaton = grammar.automaton();
  LocalShape shape;
  std::vector<StackFrame::Hash> hashes;
  for (const PushdownAutomaton::ByteEdge& edge : automaton.EdgesOf(automaton.rules[automaton.root].start)) {
    hashes.push_back(*shape.Of(automaton, edge.target, 5));
  }
  ASSERT_EQ(hashes.size(), 3u);
  EXPECT_NE(hashes[0], hashes[1]);
  EXPECT_NE(hashes[1], hashes[2]);
}

TEST(LocalShape, TooManyStatesHaveNone) {
  std::string gbnf = "root ::= \"start\"";
  for (int i = 0; i < 3000; ++i) gbnf += " | \"" + std::to_string(i * 7919 % 100003) + "q" + std::to_string(i) + "\"";
  const Grammar grammar = Parse(gbnf);
  LocalShape shape;
  EXPECT_FALSE(shape.Of(grammar.automaton(), grammar.automaton().rules[grammar.automaton().root].start, 24));
}

TEST(FreeRun, CountsWhatCanFollowWhateverItIs) {
  const ByteAutomaton letter = Utf8Automaton({{'a', 'z'}});
  const ByteAutomaton text = Utf8Automaton({{' ', '!'}, {'#', '['}, {']', '~'}, {0x80, kCodePointMax}});
  const auto run = [&](std::string_view gbnf, std::string_view before, const ByteAutomaton& character) {
    const Grammar grammar = Parse(gbnf);
    return FreeRun(grammar.automaton(), Path(grammar, before).back(), character, 30);
  };
  EXPECT_EQ(run("root ::= [a-z]{0,5} \"!\"", "", letter), 5u);
  EXPECT_EQ(run("root ::= [a-z]{0,5} \"!\"", "ab", letter), 3u);
  EXPECT_EQ(run("root ::= [a-y]*", "", letter), 0u);
  EXPECT_EQ(run("root ::= [^\"]*", "x", letter), kEndless);
  EXPECT_EQ(run("root ::= [^\"]*", "x", text), kEndless);
  EXPECT_EQ(run("root ::= [^\"]{0,100}", "x", text), 30u);
  EXPECT_EQ(run("root ::= [^\"]{4}", "\xC3\xA9", text), 3u);
  EXPECT_EQ(run("root ::= [^\"\\u4e00]*", "x", text), 0u);
  EXPECT_EQ(run("root ::= [^\"]*", "\xC3", text), 0u);       // inside a character
}

}  // namespace
}  // namespace pano::grammar
