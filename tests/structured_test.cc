// Structured output as a whole: every known answer about what JSON Schemas, regular expressions and GBNF
// grammars accept, printed as a table, and the same texts token by token through the masks of the
// starter model's vocabulary.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/gbnf.h"
#include "model/grammar/grammar_matcher.h"
#include "model/grammar/json_schema/compile_json_schema.h"
#include "model/grammar/regex/compile_regex.h"
#include "model/grammar/vocabulary/make_token_table.h"
#include "model/tokenizer/formats/load.h"

namespace pano::grammar {
namespace {

// The regular files of a tar archive (POSIX ustar), by name.
std::map<std::string, std::string> ReadTar(const std::string& path) {
  std::map<std::string, std::string> out;
  const Result<std::string> bytes = ReadFile(path);
  EXPECT_TRUE(bytes.ok()) << path;
  if (!bytes.ok()) return out;
  for (size_t at = 0; at + 512 <= bytes->size() && (*bytes)[at] != '\0';) {
    const std::string name = bytes->substr(at, 100).c_str();
    const size_t size = std::stoul(bytes->substr(at + 124, 11), nullptr, 8);
    out[name] = bytes->substr(at + 512, size);
    at += 512 + (size + 511) / 512 * 512;
  }
  return out;
}

std::vector<json::Value> ReadLines(const std::string& path) {
  std::ifstream in(path);
  std::vector<json::Value> out;
  for (std::string line; std::getline(in, line);) {
    Result<json::Value> value = json::Parse(line);
    EXPECT_TRUE(value.ok()) << path << ": " << line.substr(0, 80);
    if (value.ok()) out.push_back(*std::move(value));
  }
  return out;
}

Result<Grammar> Compile(const std::string& kind, const json::Value& source) {
  if (kind == "gbnf") return ParseGbnf(source.as_string());
  if (kind == "regex") return CompileRegex(source.as_string());
  return CompileJsonSchema(source);
}

class Structured : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tokenizer_ = *tokenizer::LoadTokenizer(JoinPath(PANO_SOURCE_DIR, "models/starter"), {});
    table_ = *MakeTokenTable(*tokenizer_);
  }
  static void TearDownTestSuite() {
    tokenizer_.reset();
    table_.reset();
  }

  struct Judgement {
    bool accepts = false, prefix = false;
  };

  static Judgement Judge(const Grammar& grammar, const std::string& text) {
    ByteMatcher matcher(grammar);
    const bool prefix = matcher.AcceptBytes(text);
    EXPECT_FALSE(matcher.exceeded()) << text;
    return {prefix && matcher.IsAccepting(), prefix};
  }

  // Token by token: each token is in its mask exactly when it can be taken.
  static Judgement JudgeTokens(const std::shared_ptr<const CompiledGrammar>& compiled,
                               const std::vector<tokenizer::TokenId>& ids) {
    GrammarMatcher matcher(compiled);
    std::vector<uint32_t> bits(table_->mask_words());
    for (tokenizer::TokenId id : ids) {
      EXPECT_TRUE(matcher.FillMask(bits).ok());
      const bool allowed = bits[static_cast<size_t>(id) / 32] >> (id % 32) & 1;
      const bool taken = matcher.AcceptToken(id);
      EXPECT_EQ(allowed, taken) << "token " << id;
      if (!taken) return {};
    }
    return {matcher.IsAccepting(), true};
  }

  // What `texts` are answered; the number of wrong answers.
  static size_t CheckTexts(const std::string& name, const Grammar& grammar, const json::Array& texts) {
    const auto compiled = *CompiledGrammar::Compile(grammar, table_);
    size_t wrong = 0;
    for (const json::Value& test : texts) {
      const std::string& text = test.Find("text")->as_string();
      const Judgement got = Judge(grammar, text);
      const json::Value& accepts = *test.Find("accepts");
      const json::Value& prefix = *test.Find("prefix");
      const bool right = (accepts.is_null() || accepts.as_bool() == got.accepts) &&
                         (prefix.is_null() || prefix.as_bool() == got.prefix);
      EXPECT_TRUE(right) << name << ": " << text << ": accepts " << got.accepts << ", prefix "
                         << got.prefix << "; wanted " << json::Dump(test);
      wrong += right ? 0 : 1;
      const auto ids = tokenizer_->Encode(text, {.add_special_tokens = false, .parse_special = false});
      if (!ids.ok() || tokenizer_->Decode(*ids, false).value_or("") != text) continue;
      const Judgement by_tokens = JudgeTokens(compiled, *ids);
      EXPECT_EQ(by_tokens.prefix, got.prefix) << name << ": " << text;
      EXPECT_EQ(by_tokens.accepts, got.accepts) << name << ": " << text;
    }
    return wrong;
  }

  static bool NamesOne(const Status& refusal, const json::Value* may_refuse) {
    if (!may_refuse) return false;
    return std::any_of(may_refuse->as_array().begin(), may_refuse->as_array().end(),
                       [&](const json::Value& keyword) {
                         return refusal.message().find(keyword.as_string()) != std::string::npos;
                       });
  }

  // One file of answers, a row a source.
  static void CheckFile(const std::string& kind, KnownAnswers& answers,
                        const std::map<std::string, std::string>& files) {
    std::printf("%-8s %-28s %7s %7s %9s %7s\n", "kind", "name", "texts", "wrong", "compile", "states");
    for (const json::Value& test : ReadLines(answers.path())) {
      const std::string& name = test.Find("name")->as_string();
      json::Value source;
      if (const json::Value* file = test.Find("file")) {
        ASSERT_TRUE(files.contains(file->as_string())) << name;
        source = files.at(file->as_string());
      } else {
        ASSERT_NE(test.Find(kind), nullptr) << name;
        source = *test.Find(kind);
      }
      const auto begin = std::chrono::steady_clock::now();
      const Result<Grammar> grammar = Compile(kind, source);
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
      const json::Array& texts = test.Find("texts")->as_array();
      answers.Compared(texts.size());
      if (!grammar.ok()) {
        EXPECT_TRUE(NamesOne(grammar.error(), test.Find("may_refuse"))) << name << ": " << grammar.error().ToString();
        std::printf("%-8s %-28s %7s %7s %7.2fms  refused: %s\n", kind.c_str(), name.c_str(), "-", "-",
                    took.count(), Printable(grammar.error().message(), 90).c_str());
        continue;
      }
      const size_t wrong = CheckTexts(name, *grammar, texts);
      std::printf("%-8s %-28s %7zu %7zu %7.2fms %7zu\n", kind.c_str(), name.c_str(), texts.size(),
                  wrong, took.count(), grammar->state_count());
    }
    std::printf("%zu texts\n", answers.compared());
  }

  static inline tokenizer::TokenizerPtr tokenizer_;
  static inline std::shared_ptr<const TokenTable> table_;
};

TEST_F(Structured, Gbnf) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/structured/gbnf.jsonl");
  CheckFile("gbnf", answers,
            ReadTar(JoinPath(SharedFolder(PANO_SOURCE_DIR), "data/api_security/gbnf_grammars.tar")));
}

TEST_F(Structured, Regex) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/structured/regex.jsonl");
  CheckFile("regex", answers, {});
}

TEST_F(Structured, Schema) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/structured/schemas.jsonl");
  CheckFile("schema", answers, {});
}

TEST_F(Structured, WhatIsToBeRefusedIsRefused) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/structured/refused.jsonl");
  std::printf("%-8s %-20s %-5s %s\n", "kind", "name", "must", "answer");
  for (const json::Value& test : ReadLines(answers.path())) {
    const std::string& kind = test.Find("kind")->as_string();
    const std::string& name = test.Find("name")->as_string();
    const std::string& source = test.Find("source")->as_string();
    const Result<Grammar> grammar =
        kind == "schema" ? CompileJsonSchemaText(source) : Compile(kind, json::Value(source));
    const bool must = test.Find("must")->as_bool();
    EXPECT_FALSE(must && grammar.ok()) << name;
    std::printf("%-8s %-20s %-5s %s\n", kind.c_str(), name.c_str(), must ? "yes" : "no",
                grammar.ok() ? "read" : Printable(grammar.error().message(), 110).c_str());
    answers.Compared(1);
  }
}

}  // namespace
}  // namespace pano::grammar
