// Known answers: schemas with texts that two validators judged (tests/golden says how they were made).
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/json_schema/compile_json_schema.h"

namespace pano::grammar {
namespace {

std::vector<json::Value> ReadLines(const std::string& path) {
  std::ifstream in(path);
  std::vector<json::Value> out;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    Result<json::Value> value = json::Parse(line);
    EXPECT_TRUE(value.ok()) << path << ": " << line.substr(0, 80);
    if (value.ok()) out.push_back(std::move(*value));
  }
  return out;
}

// Whether the refusal names one of the keywords for which it may be.
bool NamesOne(const Status& refusal, const json::Array& may_refuse) {
  return std::any_of(may_refuse.begin(), may_refuse.end(), [&](const json::Value& keyword) {
    return refusal.reason() == "unsupported_keyword" && refusal.field().ends_with("/" + keyword.as_string());
  });
}

struct Count {
  size_t texts = 0, wrong = 0;
};

Count CheckTexts(const std::string& name, const Grammar& grammar, const json::Array& texts) {
  Count count;
  ByteMatcher matcher(grammar);
  for (const json::Value& test : texts) {
    const std::string& text = test.Find("text")->as_string();
    matcher.Reset();
    const bool begins = matcher.AcceptBytes(text);
    const bool accepts = begins && matcher.IsAccepting();
    EXPECT_FALSE(matcher.exceeded()) << name << ": " << text;
    const json::Value& wanted = *test.Find("accepts");
    const json::Value& wanted_prefix = *test.Find("prefix");
    const bool right = (wanted.is_null() || wanted.as_bool() == accepts) &&
                       (wanted_prefix.is_null() || wanted_prefix.as_bool() == begins);
    EXPECT_TRUE(right) << name << ": " << text << " accepts " << json::Dump(wanted) << " but " << accepts
                       << ", prefix " << json::Dump(wanted_prefix) << " but " << begins;
    ++count.texts;
    count.wrong += right ? 0 : 1;
  }
  return count;
}

TEST(GoldenSchemas, EveryTextIsJudgedAsItShould) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/structured/schemas.jsonl");
  std::printf("%-28s %6s %6s %9s  %s\n", "schema", "texts", "wrong", "compile", "");
  for (const json::Value& test : ReadLines(answers.path())) {
    const std::string& name = test.Find("name")->as_string();
    const auto begin = std::chrono::steady_clock::now();
    const Result<Grammar> grammar = CompileJsonSchema(*test.Find("schema"));
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    if (!grammar.ok()) {
      EXPECT_TRUE(NamesOne(grammar.error(), test.Find("may_refuse")->as_array()))
          << name << ": " << grammar.error().ToString();
      std::printf("%-28s %6s %6s %7.2fms  %s\n", name.c_str(), "-", "-", ms,
                  grammar.error().message().c_str());
      continue;
    }
    const Count count = CheckTexts(name, *grammar, test.Find("texts")->as_array());
    std::printf("%-28s %6zu %6zu %7.2fms\n", name.c_str(), count.texts, count.wrong, ms);
    answers.Compared(count.texts);
  }
}

TEST(GoldenSchemas, WhatIsToBeRefusedIs) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/structured/refused.jsonl");
  for (const json::Value& test : ReadLines(answers.path())) {
    if (test.Find("kind")->as_string() != "schema") continue;
    const std::string& name = test.Find("name")->as_string();
    const Result<Grammar> grammar = CompileJsonSchemaText(test.Find("source")->as_string());
    std::printf("%-28s %s\n", name.c_str(), grammar.ok() ? "read" : grammar.error().message().c_str());
    EXPECT_TRUE(!grammar.ok() || !test.Find("must")->as_bool()) << name;
    answers.Compared(1);
  }
}

}  // namespace
}  // namespace pano::grammar
