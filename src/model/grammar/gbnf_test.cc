#include "model/grammar/gbnf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

TEST(Gbnf, WhatCannotBeReadIsRefusedWithItsPlace) {
  EXPECT_THAT(Refusal("root ::= missing"), HasSubstr("line 1, column 10: undefined rule 'missing'"));
  EXPECT_THAT(Refusal("root ::= \"abc"), HasSubstr("not closed"));
  EXPECT_THAT(Refusal("root ::= (\"a\" | \"b\""), HasSubstr("not closed"));
  EXPECT_THAT(Refusal("root ::= \"a\"{3,2}"), HasSubstr("{3,2}"));
  EXPECT_THAT(Refusal("root ::= \"a\" root"), HasSubstr("derives no text"));
  EXPECT_THAT(Refusal("root = \"a\""), HasSubstr("'::='"));
  EXPECT_THAT(Refusal("root ::= root \"a\" | \"b\""), HasSubstr("left recursion"));
}

}  // namespace
}  // namespace pano::grammar
