#include "model/grammar/gbnf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/grammar/byte_matcher.h"

namespace pano::grammar {
namespace {

using ::testing::HasSubstr;

// "y": accepted, "p": a beginning of something accepted, "n": neither.
std::string Read(std::string_view gbnf, std::string_view text) {
  Result<Grammar> grammar = ParseGbnf(gbnf);
  if (!grammar.ok()) return grammar.error().message();
  ByteMatcher matcher(*grammar);
  if (!matcher.AcceptBytes(text)) return "n";
  return matcher.IsAccepting() ? "y" : "p";
}

std::string Refusal(std::string_view gbnf) {
  Result<Grammar> grammar = ParseGbnf(gbnf);
  return grammar.ok() ? "read" : grammar.error().message();
}

TEST(Gbnf, LiteralsAndChoices) {
  EXPECT_EQ(Read("root ::= \"yes\" | \"no\"", "yes"), "y");
  EXPECT_EQ(Read("root ::= \"yes\" | \"no\"", "n"), "p");
  EXPECT_EQ(Read("root ::= \"yes\" | \"no\"", "yep"), "n");
}

TEST(Gbnf, RecursionNests) {
  const char* balanced = "root ::= pair+\npair ::= \"(\" pair* \")\" | \"[\" pair* \"]\"";
  EXPECT_EQ(Read(balanced, "([])[]"), "y");
  EXPECT_EQ(Read(balanced, "([)"), "n");
  EXPECT_EQ(Read(balanced, "(()"), "p");
}

TEST(Gbnf, ClassesAndEscapesAreOverCodePoints) {
  EXPECT_EQ(Read("root ::= [\u00e0-\u00ff]{2}", "\xC3\xA9\xC3\xBF"), "y");
  EXPECT_EQ(Read("root ::= [\u00e0-\u00ff]{2}", "\xC3"), "p");
  EXPECT_EQ(Read("root ::= [^a-z]", "\xF0\x9F\xA6\x8A"), "y");
  EXPECT_EQ(Read("root ::= \"\\x41\\u00e9\\U0001F98A\\t\\\"\\\\\"", "A\xC3\xA9\xF0\x9F\xA6\x8A\t\"\\"), "y");
  EXPECT_EQ(Read("root ::= [\\]\\[^-]+", "]^-["), "y");
  EXPECT_EQ(Read("root ::= [a-]+", "a-a"), "y");
  EXPECT_EQ(Read("root ::= [^]", "]"), "y");        // any character: none is left out
  EXPECT_EQ(Read("root ::= .", "\n"), "y");
  EXPECT_EQ(Read("root ::= \"a\nb\" [x\ny]", "a\nb\n"), "y");     // lines may end in them, as llama.cpp has it
  EXPECT_EQ(Read("root ::= .", "\xE4\xB8\xAD"), "y");
  EXPECT_EQ(Read("root ::= ..", "\xE4\xB8\xAD"), "p");
}

TEST(Gbnf, LinesEndRulesExceptInGroupsAndAfterBars) {
  EXPECT_EQ(Read("root ::= (\n  \"a\" # one\n  | \"b\"\n)\n", "b"), "y");
  EXPECT_EQ(Read("root ::= \"a\" |\n  \"b\"\r\n", "b"), "y");
  EXPECT_EQ(Read("# first\n\nroot ::=\n  x # last\nx ::= \"y\"", "y"), "y");
  EXPECT_EQ(Read("root ::= | \" \" root", "   "), "y");
  EXPECT_THAT(Refusal("root ::= \"a\"\n\"b\""), HasSubstr("line 2, column 1: expected the name of a rule"));
  EXPECT_THAT(Refusal("root ::= \"a\"\n| \"b\""), HasSubstr("line 2"));
}

TEST(Gbnf, RepeatsApplyToTheSymbolBefore) {
  EXPECT_EQ(Read("root ::= \"ab\"{2}", "abab"), "y");
  EXPECT_EQ(Read("root ::= \"a\" \"b\"*", "abb"), "y");
  EXPECT_EQ(Read("root ::= x{ 1 , 2 }\nx ::= \"q\"", "qq"), "y");
  EXPECT_EQ(Read("root ::= \"q\"{2,}", "q"), "p");
  EXPECT_EQ(Read("root ::= \"q\"+?", ""), "y");
  EXPECT_EQ(Read("root ::= \"q\"{0}", ""), "y");
}

TEST(Gbnf, WhatCannotBeReadIsRefusedWithItsPlace) {
  EXPECT_THAT(Refusal("root ::= missing"), HasSubstr("line 1, column 10: undefined rule 'missing'"));
  EXPECT_THAT(Refusal("root ::= \"abc"), HasSubstr("not closed"));
  EXPECT_THAT(Refusal("root ::= (\"a\" | \"b\""), HasSubstr("not closed"));
  EXPECT_THAT(Refusal("root ::= \"a\"{3,2}"), HasSubstr("{3,2}"));
  EXPECT_THAT(Refusal("root ::= \"a\" root"), HasSubstr("derives no text"));
  EXPECT_THAT(Refusal("root = \"a\""), HasSubstr("'::='"));
  EXPECT_THAT(Refusal("root ::= root \"a\" | \"b\""), HasSubstr("left recursion"));
  EXPECT_THAT(Refusal("root ::= \"a\" | dead\ndead ::= \"x\" dead"), HasSubstr("'dead' derives no text"));
  EXPECT_THAT(Refusal("root ::= [a-"), HasSubstr("not closed"));
  EXPECT_THAT(Refusal("root ::= [z-a]"), HasSubstr("ends before it begins"));
  EXPECT_THAT(Refusal("root ::= []"), HasSubstr("no characters"));
  EXPECT_THAT(Refusal("root ::= \"\\q\""), HasSubstr("unknown escape '\\q'"));
  EXPECT_THAT(Refusal("root ::= \"\\u12\""), HasSubstr("4 hexadecimal digits"));
  EXPECT_THAT(Refusal("root ::= \"\\uD800\""), HasSubstr("no Unicode character"));
  EXPECT_THAT(Refusal("root ::= \"\\UFFFFFFFF\""), HasSubstr("no Unicode character"));
  EXPECT_THAT(Refusal("root ::= *"), HasSubstr("nothing before '*'"));
  EXPECT_THAT(Refusal("root ::= \"a\"{,3}"), HasSubstr("{m,n}"));
  EXPECT_THAT(Refusal("root ::= \"a\"{99999999999999999999}"), HasSubstr("repetitions"));
  EXPECT_THAT(Refusal("root ::= \"a\"\nroot ::= \"b\""), HasSubstr("line 2, column 1: rule 'root' is defined twice"));
  EXPECT_THAT(Refusal("a ::= \"a\""), HasSubstr("no rule 'root'"));
  EXPECT_THAT(Refusal(""), HasSubstr("no rule 'root'"));
  EXPECT_THAT(Refusal("root ::= \"\xFF\""), HasSubstr("UTF-8"));
  EXPECT_THAT(Refusal("root ::= \"a\" )"), HasSubstr("not ')'"));
  EXPECT_THAT(Refusal("root ::= \"a\" ; "), HasSubstr("not ';'"));
  EXPECT_THAT(Refusal(std::string("root ::= ") + std::string(100000, '(')), HasSubstr("groups inside"));
}

TEST(Gbnf, TokensAreRefusedByName) {
  const Result<Grammar> grammar = ParseGbnf("root ::= <think> .* </think>");
  ASSERT_FALSE(grammar.ok());
  EXPECT_EQ(grammar.error().reason(), "unsupported_keyword");
  EXPECT_THAT(grammar.error().message(), HasSubstr("tokens (<name>"));
}

TEST(Gbnf, LargeSourcesAreRefusedBeforeTheyAreRead) {
  GrammarLimits limits;
  limits.source_bytes_max = 10;
  const Result<Grammar> grammar = ParseGbnf("root ::= \"a\"", limits);
  ASSERT_FALSE(grammar.ok());
  EXPECT_EQ(grammar.error().reason(), "grammar_too_large");}

}  // namespace
}  // namespace pano::grammar
