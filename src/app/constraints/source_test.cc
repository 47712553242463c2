#include "app/constraints/source.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/strings.h"
#include "model/grammar/byte_matcher.h"

namespace pano::constraints {
namespace {

bool Accepts(const Source& source, std::string_view text) {
  Result<grammar::Grammar> grammar = BuildGrammar(source);
  EXPECT_TRUE(grammar.ok()) << grammar.status().ToString();
  if (!grammar.ok()) return false;
  grammar::ByteMatcher matcher(*grammar);
  return matcher.AcceptBytes(text) && matcher.IsAccepting();
}

Status WhyNot(const Source& source) {
  Result<grammar::Grammar> grammar = BuildGrammar(source);
  EXPECT_FALSE(grammar.ok());
  return grammar.status();
}

TEST(Source, EachKindIsRead) {
  EXPECT_TRUE(Accepts({.kind = Kind::kJsonObject}, R"({"a": [1, true]})"));
  EXPECT_FALSE(Accepts({.kind = Kind::kJsonObject}, "[1]"));
  const Source schema{.kind = Kind::kJsonSchema,
                      .text = R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]})"};
  EXPECT_TRUE(Accepts(schema, R"({"a":-3})"));
  EXPECT_FALSE(Accepts(schema, R"({"a":"3"})"));
  EXPECT_FALSE(Accepts(schema, "{}"));
  EXPECT_TRUE(Accepts({.kind = Kind::kRegex, .text = "[a-c]+x?"}, "abcx"));
  EXPECT_FALSE(Accepts({.kind = Kind::kRegex, .text = "[a-c]+x?"}, "abcxx"));
  EXPECT_TRUE(Accepts({.kind = Kind::kChoice, .text = R"(["yes","no","a \"b\""])"}, "a \"b\""));
  EXPECT_FALSE(Accepts({.kind = Kind::kChoice, .text = R"(["yes","no"])"}, "ye"));
  EXPECT_TRUE(Accepts({.kind = Kind::kGbnf, .text = "root ::= \"a\" root? \"b\""}, "aabb"));
}

TEST(Source, WhatIsWrongIsAlwaysTheRequest) {
  for (const Source& source :
       {Source{.kind = Kind::kGbnf, .text = "root ::= root \"a\""},
        Source{.kind = Kind::kGbnf, .text = "root ::= other"},
        Source{.kind = Kind::kRegex, .text = "(a"},
        Source{.kind = Kind::kRegex, .text = "(a)\\1"},
        Source{.kind = Kind::kRegex, .text = "((a{1000}){1000}){1000}"},
        Source{.kind = Kind::kJsonSchema, .text = "{"},
        Source{.kind = Kind::kJsonSchema, .text = "[]"}}) {
    const Status why = WhyNot(source);
    EXPECT_EQ(why.code(), StatusCode::kInvalidArgument) << source.text << ": " << why.ToString();
    EXPECT_NE(why.reason(), "") << source.text;
    EXPECT_NE(why.message(), "") << source.text;
  }
}

// Seconds where it is linear, hours where each choice meets all others; the bound leaves room for sanitizers.
TEST(Source, AHundredThousandChoices) {
  json::Value list{json::Array()};
  for (int i = 0; i < 100'000; ++i) list.Append(StrCat("customer-", i * 7919 % 100'000, "-of-", i));
  const std::clock_t begin = std::clock();
  const Source source{.kind = Kind::kChoice, .text = json::Dump(list)};
  EXPECT_TRUE(Accepts(source, "customer-7919-of-1"));
  EXPECT_FALSE(Accepts(source, "customer-7919-of-2"));
  EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 400);
}

TEST(Source, ChoicesHaveABound) {
  json::Value list{json::Array()};
  list.Append(std::string(5 << 20, 'x'));
  EXPECT_EQ(WhyNot({.kind = Kind::kChoice, .text = json::Dump(list)}).reason(), "grammar_too_large");
}

}  // namespace
}  // namespace pano::constraints
