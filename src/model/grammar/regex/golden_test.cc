// Known answers: regular expressions with texts that match them whole or do not.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/testing/known_answers.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/regex/compile_regex.h"

namespace pano::grammar {
namespace {

std::vector<json::Value> ReadLines(const std::string& path) {
  std::ifstream in(path);
  std::vector<json::Value> out;
  for (std::string line; std::getline(in, line);) {
    Result<json::Value> value = json::Parse(line);
    EXPECT_TRUE(value.ok()) << path << ": " << line.substr(0, 80);
    if (value.ok()) out.push_back(std::move(*value));
  }
  return out;
}

TEST(GoldenRegexes, EveryTextIsJudgedAsItShould) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/structured/regex.jsonl");
  std::printf("%-28s %6s %6s\n", "regex", "texts", "wrong");
  for (const json::Value& test : ReadLines(answers.path())) {
    const std::string& name = test.Find("name")->as_string();
    const Result<Grammar> grammar = CompileRegex(test.Find("regex")->as_string());
    ASSERT_TRUE(grammar.ok()) << name << ": " << grammar.error().ToString();
    ByteMatcher matcher(*grammar);
    size_t texts = 0, wrong = 0;
    for (const json::Value& one : test.Find("texts")->as_array()) {
      const std::string& text = one.Find("text")->as_string();
      matcher.Reset();
      const bool begins = matcher.AcceptBytes(text);
      const bool accepts = begins && matcher.IsAccepting();
      const json::Value& wanted = *one.Find("accepts");
      const json::Value& wanted_prefix = *one.Find("prefix");
      const bool right = (wanted.is_null() || wanted.as_bool() == accepts) &&
                         (wanted_prefix.is_null() || wanted_prefix.as_bool() == begins);
      EXPECT_TRUE(right) << name << ": " << text;
      ++texts;
      wrong += right ? 0 : 1;
    }
    std::printf("%-28s %6zu %6zu\n", name.c_str(), texts, wrong);
    answers.Compared(texts);
  }
}

TEST(GoldenRegexes, WhatIsToBeRefusedIs) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/structured/refused.jsonl");
  for (const json::Value& test : ReadLines(answers.path())) {
    if (test.Find("kind")->as_string() != "regex") continue;
    const Result<Grammar> grammar = CompileRegex(test.Find("source")->as_string());
    std::printf("%-28s %s\n", test.Find("name")->as_string().c_str(),
                grammar.ok() ? "read" : grammar.error().message().c_str());
    EXPECT_TRUE(!grammar.ok() || !test.Find("must")->as_bool()) << test.Find("name")->as_string();
    answers.Compared(1);
  }
}

}  // namespace
}  // namespace pano::grammar
