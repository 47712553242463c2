#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/grammar/byte_matcher.h"
#include "model/grammar/gbnf.h"
#include "model/grammar/grammar_matcher.h"
#include "model/grammar/json_schema/compile_json_schema.h"
#include "model/grammar/regex/compile_regex.h"
#include "model/grammar/vocabulary/make_token_table.h"
#include "model/tokenizer/formats/load.h"
#include "pano/cli.h"
#include "pano/model_path.h"

namespace pano::cli {
namespace {

using grammar::Grammar;
using grammar::GrammarMatcher;

struct GrammarOptions {
  std::string schema, gbnf, model;
  std::optional<std::string> regex;
  bool json = false, jsonl = false;
};

Result<std::string> ReadSource(const std::string& path) {
  return ReadFile(path, grammar::GrammarLimits().source_bytes_max);
}

Result<Grammar> Compile(const GrammarOptions& o) {
  if (o.regex) return grammar::CompileRegex(*o.regex);
  const std::string& path = o.schema.empty() ? o.gbnf : o.schema;
  PANO_ASSIGN_OR_RETURN(const std::string text, ReadSource(path));
  if (!o.schema.empty()) return grammar::CompileJsonSchemaText(text).Wrap(path);
  return grammar::ParseGbnf(text).Wrap(path);
}

// A grammar with a model's vocabulary.
struct Vocabulary {
  tokenizer::TokenizerPtr tokenizer;
  std::shared_ptr<const grammar::CompiledGrammar> compiled;
};

Result<Vocabulary> LoadVocabulary(const std::string& model, const Grammar& grammar) {
  PANO_ASSIGN_OR_RETURN(const std::string path, ResolveModel(model));
  Vocabulary out;
  PANO_ASSIGN_OR_RETURN(out.tokenizer, tokenizer::LoadTokenizer(path, {}));
  PANO_ASSIGN_OR_RETURN(const auto table, grammar::MakeTokenTable(*out.tokenizer));
  PANO_ASSIGN_OR_RETURN(out.compiled, grammar::CompiledGrammar::Compile(grammar, table));
  return out;
}

Status Exceeded() {
  return Status(StatusCode::kExhausted, "the grammar is too ambiguous for this text");
}

// {"text"} -> {"accepts", "prefix"}.
Result<json::Value> AnswerText(const Grammar& grammar, const json::Value& text) {
  if (!text.is_string()) return InvalidArgument("text: expected a string");
  grammar::ByteMatcher matcher(grammar);
  const bool prefix = matcher.AcceptBytes(text.as_string());
  if (matcher.exceeded()) return Exceeded();
  json::Value answer;
  answer.Set("accepts", prefix && matcher.IsAccepting());
  answer.Set("prefix", prefix);
  return answer;
}

// {"ids"} -> {"accepts", "allowed"}. An end token may come last.
Result<json::Value> AnswerIds(const Vocabulary& vocabulary, const json::Value& ids) {
  if (!ids.is_array()) return InvalidArgument("ids: expected an array");
  const int32_t vocab_size = vocabulary.tokenizer->vocab_size();
  GrammarMatcher matcher(vocabulary.compiled);
  bool fits = true, ended = false;
  for (const json::Value& element : ids.as_array()) {
    if (!element.is_int() || element.as_int() < 0 || element.as_int() >= vocab_size) {
      return InvalidArgument(StrCat("ids: ", json::Dump(element), " is no token id of the model"));
    }
    const auto id = static_cast<int32_t>(element.as_int());
    if (fits && !ended && id == vocabulary.tokenizer->eos() && matcher.IsAccepting()) {
      ended = true;
      continue;
    }
    fits = fits && !ended && matcher.AcceptToken(id);
  }
  if (matcher.exceeded()) return Exceeded();
  int64_t allowed = 0;
  if (fits && !ended) {
    std::vector<uint32_t> bits(vocabulary.compiled->table().mask_words());
    PANO_RETURN_IF_ERROR(matcher.FillMask(bits));
    for (uint32_t word : bits) allowed += __builtin_popcount(word);
    allowed += matcher.IsAccepting() ? 1 : 0;
  }
  json::Value answer;
  answer.Set("accepts", fits && matcher.IsAccepting());
  answer.Set("allowed", allowed);
  return answer;
}

Result<json::Value> Answer(const Grammar& grammar, const std::optional<Vocabulary>& vocabulary,
                           std::string_view line) {
  PANO_ASSIGN_OR_RETURN(const json::Value request, json::Parse(line));
  const json::Value* text = request.Find("text");
  const json::Value* ids = request.Find("ids");
  if ((text == nullptr) == (ids == nullptr)) {
    return InvalidArgument("expected an object with either \"text\" or \"ids\"");
  }
  if (text) return AnswerText(grammar, *text);
  if (!vocabulary) return InvalidArgument("ids: need the vocabulary of a model, --model");
  return AnswerIds(*vocabulary, *ids);
}

// An answer for every line that is not blank; what is wrong with a line is its answer.
int AnswerLines(const Grammar& grammar, const std::optional<Vocabulary>& vocabulary) {
  std::string line;
  while (std::getline(std::cin, line)) {
    if (Trim(line).empty()) continue;
    Result<json::Value> answer = Answer(grammar, vocabulary, line);
    if (!answer.ok()) {
      json::Value error;
      error.Set("error", answer.error().message());
      answer = std::move(error);
    }
    std::printf("%s\n", json::Dump(*answer).c_str());
    std::fflush(stdout);
  }
  return 0;
}

int PrintSummary(const Grammar& grammar, bool as_json) {
  if (as_json) {
    json::Value answer;
    answer.Set("states", static_cast<int64_t>(grammar.state_count()));
    answer.Set("rules", static_cast<int64_t>(grammar.rule_count()));
    answer.Set("bytes", static_cast<int64_t>(grammar.memory_bytes()));
    std::printf("%s\n", json::Dump(answer).c_str());
  } else {
    std::printf("The grammar is fine: %zu states, %zu rules that are called, %zu bytes.\n",
                grammar.state_count(), grammar.rule_count(), grammar.memory_bytes());
  }
  return 0;
}

}  // namespace

int RunGrammar(const Command& self, Args args) {
  GrammarOptions o;
  OptionSet options;
  options.String("schema", &o.schema,
                 "Texts are JSON that this JSON Schema (draft 2020-12) allows.", "FILE");
  options.MaybeString("regex", &o.regex, "Texts match this regular expression as a whole.",
                      "REGEX");
  options.String("gbnf", &o.gbnf, "Texts are of the rule `root` of this GBNF grammar.", "FILE");
  options.String("model", &o.model,
                 "Also read token ids, of this model folder, tokenizer or hf:ORG/NAME.", "PATH");
  options.Flag("json", &o.json, "Print {\"states\",\"rules\",\"bytes\"} instead of a sentence.");
  options.Flag("jsonl", &o.jsonl,
               "Read one text a line from stdin, {\"text\"} or with --model {\"ids\"}, and print one "
               "answer a line: {\"accepts\",\"prefix\"} or {\"accepts\",\"allowed\"}.");
  if (auto code = Parse(self, options, args)) return *code;
  if (!o.schema.empty() + o.regex.has_value() + !o.gbnf.empty() != 1) {
    return FailUsage(self, "give one of --schema, --regex and --gbnf");
  }
  const Result<Grammar> grammar = Compile(o);
  if (!grammar.ok()) return Fail(self, grammar.error());
  std::optional<Vocabulary> vocabulary;
  if (!o.model.empty()) {
    Result<Vocabulary> loaded = LoadVocabulary(o.model, *grammar);
    if (!loaded.ok()) return Fail(self, loaded.error());
    vocabulary = *std::move(loaded);
  }
  return o.jsonl ? AnswerLines(*grammar, vocabulary) : PrintSummary(*grammar, o.json);
}

}  // namespace pano::cli
