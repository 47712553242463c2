#include "model/grammar/grammar_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "model/grammar/byte_matcher.h"

namespace pano::grammar {
namespace {

using ::testing::HasSubstr;
using Expr = GrammarBuilder::Expr;

// A builder with one rule.
Result<Grammar> Build(GrammarBuilder& builder, Expr expr) {
  const GrammarBuilder::Rule root = builder.DeclareRule("root");
  builder.DefineRule(root, expr);
  return std::move(builder).Build(root);
}

// "y": accepted, "p": a beginning of something accepted, "n": neither.
char Read(const Grammar& grammar, std::string_view text) {
  ByteMatcher matcher(grammar);
  if (!matcher.AcceptBytes(text)) return 'n';
  return matcher.IsAccepting() ? 'y' : 'p';
}

std::string Message(const Result<Grammar>& grammar) {
  return grammar.ok() ? "built" : grammar.error().message();
}

TEST(GrammarBuilder, RepeatsBeyondABlockCountExactly) {
  for (const auto& [min, max] : {std::pair{0u, 5000u}, {4097u, 4500u}, {5000u, 5000u}, {300u, 70000u}}) {
    GrammarBuilder b;
    const Expr any = b.CharClass({{'"', '"'}}, /*negated=*/true);
    const Result<Grammar> grammar = Build(b, b.Sequence({b.Repeat(any, min, max), b.Literal("\"")}));
    ASSERT_TRUE(grammar.ok()) << Message(grammar);
    EXPECT_LT(grammar->state_count(), 12000u);
    for (const int64_t count : {int64_t{0}, int64_t{min} - 1, int64_t{min}, int64_t{min} + 1,
                                int64_t{max} - 1, int64_t{max}, int64_t{max} + 1}) {
      if (count < 0) continue;
      std::string text;
      for (int64_t i = 0; i < count; ++i) text += i % 3 == 0 ? "\xC3\xA9" : "x";
      const bool in_range = count >= min && count <= max;
      EXPECT_EQ(Read(*grammar, text + '"'), in_range ? 'y' : 'n') << min << "," << max << ": " << count;
      EXPECT_EQ(Read(*grammar, text), count <= max ? 'p' : 'n') << count;
    }
  }
}

TEST(GrammarBuilder, RepeatWithoutEndHasItsMinimum) {
  GrammarBuilder b;
  const Result<Grammar> grammar = Build(b, b.Repeat(b.Literal("abc"), 3000, {}));
  ASSERT_TRUE(grammar.ok());
  std::string text;
  for (int i = 0; i < 2999; ++i) text += "abc";
  EXPECT_EQ(Read(*grammar, text), 'p');
  EXPECT_EQ(Read(*grammar, text + "abc"), 'y');
  EXPECT_EQ(Read(*grammar, text + "abcabcabc"), 'y');
  EXPECT_EQ(Read(*grammar, text + "abca"), 'p');
}

TEST(GrammarBuilder, NothingFallsAway) {
  GrammarBuilder b;
  const Result<Grammar> grammar = Build(
      b, b.Choice({b.Literal("a"), b.Sequence({b.Literal("b"), b.Nothing()}), b.Repeat(b.Nothing(), 0, {})}));
  ASSERT_TRUE(grammar.ok());
  EXPECT_EQ(Read(*grammar, ""), 'y');
  EXPECT_EQ(Read(*grammar, "a"), 'y');
  EXPECT_EQ(Read(*grammar, "b"), 'n');
  GrammarBuilder nothing;
  EXPECT_THAT(Message(Build(nothing, nothing.Choice({}))), HasSubstr("derives no text"));
}

TEST(GrammarBuilder, AutomataAreTrimmed) {
  GrammarBuilder b;
  ByteAutomaton automaton;
  automaton.states.resize(4);
  automaton.states[0].edges = {{'a', 'b', 0}, {'x', 'x', 1}, {'d', 'd', 2}};
  automaton.states[1].accepting = true;
  automaton.states[2].edges = {{'d', 'd', 2}};    // never accepts
  automaton.states[3].edges = {{'e', 'e', 1}};    // never reached
  const Result<Grammar> grammar = Build(b, b.Sequence({b.Automaton(automaton), b.Literal("!")}));
  ASSERT_TRUE(grammar.ok());
  EXPECT_EQ(Read(*grammar, "abbax!"), 'y');
  EXPECT_EQ(Read(*grammar, "d"), 'n');
  EXPECT_EQ(Read(*grammar, "x"), 'p');
}

TEST(GrammarBuilder, LeftRecursionIsRefusedDirectIndirectAndHidden) {
  GrammarBuilder direct;
  auto r = direct.DeclareRule("list");
  direct.DefineRule(r, direct.Choice({direct.Sequence({direct.Reference(r), direct.Literal("a")}), direct.Literal("b")}));
  const Result<Grammar> refused = std::move(direct).Build(r);
  EXPECT_THAT(Message(refused), HasSubstr("left recursion: 'list' -> 'list'"));
  EXPECT_EQ(refused.error().reason(), "invalid_grammar");

  GrammarBuilder hidden;
  auto a = hidden.DeclareRule("a"), e = hidden.DeclareRule("e"), c = hidden.DeclareRule("c");
  hidden.DefineRule(a, hidden.Choice({hidden.Sequence({hidden.Reference(e), hidden.Reference(c)}), hidden.Literal("x")}));
  hidden.DefineRule(e, hidden.Repeat(hidden.Literal("e"), 0, {}));
  hidden.DefineRule(c, hidden.Sequence({hidden.Optional(hidden.Literal("?")), hidden.Reference(a)}));
  EXPECT_THAT(Message(std::move(hidden).Build(a)), HasSubstr("left recursion: 'a' -> 'c' -> 'a'"));
}

// What cannot be derived does not recurse.
TEST(GrammarBuilder, RecursionBehindTextOrNothingIsNoLeftRecursion) {
  GrammarBuilder b;
  auto r = b.DeclareRule("r"), dead = b.DeclareRule("dead");
  b.DefineRule(dead, b.Sequence({b.Literal("x"), b.Reference(dead)}));
  b.DefineRule(r, b.Choice({b.Sequence({b.Literal("("), b.Reference(r), b.Literal(")")}), b.Literal("v"),
                            b.Sequence({b.Reference(r), b.Reference(dead)})}));
  const Result<Grammar> grammar = std::move(b).Build(r);
  ASSERT_TRUE(grammar.ok()) << Message(grammar);
  EXPECT_EQ(Read(*grammar, "((v))"), 'y');
}

TEST(GrammarBuilder, UndefinedAndTwiceDefinedRulesAreNamed) {
  GrammarBuilder b;
  auto r = b.DeclareRule("r"), missing = b.DeclareRule("missing");
  b.DefineRule(r, b.Reference(missing));
  EXPECT_THAT(Message(std::move(b).Build(r)), HasSubstr("undefined rule 'missing'"));
  GrammarBuilder twice;
  auto t = twice.DeclareRule("t");
  twice.DefineRule(t, twice.Literal("a"));
  twice.DefineRule(t, twice.Literal("b"));
  EXPECT_THAT(Message(std::move(twice).Build(t)), HasSubstr("'t' is defined twice"));
}

// Sharing makes an expression of 2^40 copies in 40 calls: refused when it is added.
TEST(GrammarBuilder, LimitsHoldWhileExpressionsAreAdded) {
  GrammarBuilder b;
  Expr e = b.Literal("a");
  for (int i = 0; i < 40; ++i) e = b.Sequence({e, e});
  EXPECT_EQ(b.status().code(), StatusCode::kExhausted);
  EXPECT_EQ(b.status().reason(), "grammar_too_large");
  EXPECT_THAT(b.status().message(), HasSubstr("states"));
  EXPECT_THAT(Message(Build(b, e)), HasSubstr("states"));

  GrammarBuilder deep;
  Expr nested = deep.Literal("a");
  for (int i = 0; i < 1000; ++i) nested = deep.Sequence({deep.Literal("("), nested});
  EXPECT_THAT(Message(Build(deep, nested)), HasSubstr("levels of nesting"));

  GrammarLimits few;
  few.rules_max = 3;
  few.literal_bytes_max = 10;
  GrammarBuilder rules(few);
  for (int i = 0; i < 5; ++i) rules.DeclareRule("r");
  EXPECT_THAT(rules.status().message(), HasSubstr("more than 3 rules"));
  GrammarBuilder literals(few);
  literals.Literal("0123456789a");
  EXPECT_THAT(literals.status().message(), HasSubstr("more than 10 bytes of literals"));
  GrammarBuilder counts;
  counts.Repeat(counts.Literal("a"), 0, 2000000000);
  EXPECT_THAT(counts.status().message(), HasSubstr("repetitions"));
}

// A rule that is used twice by a rule that is used twice and so on.
TEST(GrammarBuilder, DoublingRulesStayRules) {
  GrammarBuilder b;
  auto inner = b.DeclareRule("r");
  b.DefineRule(inner, b.Literal("z"));
  for (int i = 0; i < 200; ++i) {
    auto outer = b.DeclareRule("r");
    b.DefineRule(outer, b.Sequence({b.Reference(inner), b.Reference(inner)}));
    inner = outer;
  }
  const Result<Grammar> grammar = std::move(b).Build(inner);
  ASSERT_TRUE(grammar.ok()) << Message(grammar);
  EXPECT_LT(grammar->state_count(), 30000u);
  EXPECT_EQ(Read(*grammar, std::string(5000, 'z')), 'p');
}

TEST(GrammarBuilder, LargeEnumerationsAreTries) {
  GrammarBuilder b;
  std::vector<Expr> words;
  for (int i = 0; i < 100000; ++i) words.push_back(b.Literal(StrCat("item", i)));
  const Result<Grammar> grammar = Build(b, b.Choice(words));
  ASSERT_TRUE(grammar.ok()) << Message(grammar);
  EXPECT_LT(grammar->state_count(), 1000u);
  EXPECT_EQ(Read(*grammar, "item99999"), 'y');
  EXPECT_EQ(Read(*grammar, "item1000"), 'y');
  EXPECT_EQ(Read(*grammar, "item012"), 'n');
  EXPECT_EQ(Read(*grammar, "item100000"), 'n');
}

// (a|b)*a(a|b){20} has a deterministic automaton of two million states.
TEST(GrammarBuilder, WhatCannotBeDeterminisedIsFollowedOnAllPaths) {
  GrammarBuilder b;
  const Expr ab = b.CharClass({{'a', 'b'}});
  const Result<Grammar> grammar =
      Build(b, b.Sequence({b.Repeat(ab, 0, {}), b.Literal("a"), b.Repeat(ab, 20, 20)}));
  ASSERT_TRUE(grammar.ok()) << Message(grammar);
  EXPECT_LT(grammar->state_count(), 100u);
  EXPECT_EQ(Read(*grammar, "bb" "a" + std::string(20, 'b')), 'y');
  EXPECT_EQ(Read(*grammar, "bba" + std::string(21, 'b')), 'p');
}

TEST(GrammarBuilder, AmbiguityDoesNotMultiply) {
  GrammarBuilder b;
  const Expr a = b.Literal("a");
  Expr e = b.Choice({a, a});
  for (int i = 0; i < 10; ++i) e = b.Repeat(b.Choice({e, e}), 0, {});
  const Result<Grammar> grammar = Build(b, e);
  ASSERT_TRUE(grammar.ok());
  EXPECT_EQ(Read(*grammar, std::string(100000, 'a')), 'y');
}

}  // namespace
}  // namespace pano::grammar
