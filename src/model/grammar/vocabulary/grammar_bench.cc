// How long a mask takes at each token of real texts, with a vocabulary of 150,000 where the shared
// data has one (the starter's else), and how long it takes to compile a grammar and the vocabulary.
// The answers are checked: every token of the text is in its mask, and at some places each token of
// the vocabulary is asked.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/env.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "model/grammar/gbnf.h"
#include "model/grammar/grammar_matcher.h"
#include "model/grammar/json_schema/compile_json_schema.h"
#include "model/grammar/vocabulary/make_token_table.h"
#include "model/tokenizer/formats/load.h"

namespace pano::grammar {
namespace {

struct Vocabulary {
  tokenizer::TokenizerPtr tokenizer;
  std::shared_ptr<const TokenTable> table;
};

const Vocabulary* Load(bool large) {
  static std::map<bool, Vocabulary> loaded;
  const auto known = loaded.find(large);
  if (known != loaded.end()) return &known->second;
  tokenizer::LoadOptions options;
  std::string path = "models/starter";
  if (large) {
    options.pattern = "qwen";
    path = JoinPath(SharedFolder("."), "data/tokenizers/tiktoken/qwen.tiktoken");
  }
  Result<tokenizer::TokenizerPtr> tokenizer = tokenizer::LoadTokenizer(path, options);
  if (!tokenizer.ok()) return nullptr;
  Result<std::shared_ptr<const TokenTable>> table = MakeTokenTable(**tokenizer);
  PANO_CHECK(table.ok());
  return &(loaded[large] = {*tokenizer, *table});
}

struct Case {
  const char* name;
  bool schema;          // else GBNF
  const char* source;
  const char* text;
};

constexpr Case kCases[] = {
    {"call", true, R"json({"type": "object", "properties": {"location": {"type": "string"},
      "unit": {"enum": ["celsius", "fahrenheit"]}, "days": {"type": "integer", "minimum": 1, "maximum": 14}},
      "required": ["location", "unit", "days"], "additionalProperties": false})json",
     R"({"location": "Aix-en-Provence, Bouches-du-Rhône, France", "unit": "celsius", "days": 14})"},
    {"records", true, R"json({"$defs": {"Address": {"type": "object", "properties": {"street": {"type": "string"},
      "zip": {"type": "string", "pattern": "^[0-9]{5}$"}}, "required": ["street", "zip"], "additionalProperties": false}},
      "type": "array", "items": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 60},
      "born": {"type": "string", "format": "date"}, "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 10},
      "score": {"type": "number"}, "address": {"$ref": "#/$defs/Address"},
      "notes": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
      "required": ["name", "tags", "address"], "additionalProperties": false}})json",
     R"([{"name": "Ada Lovelace", "born": "1815-12-10", "tags": ["mathematics", "first programmer", "poetical science"], "score": 0.97, "address": {"street": "12 St James's Square", "zip": "10115"}, "notes": null}, {"name": "張偉", "tags": [], "address": {"street": "長安街 1", "zip": "99999"}, "notes": "spoke of \"engines\" often"}])"},
    {"any_object", true, R"json({"type": "object"})json",
     R"({"title": "On computable numbers", "year": 1936, "cited": true, "authors": [{"name": "A. M. Turing", "orcid": null}], "abstract": "The \"computable\" numbers may be described briefly as the real numbers whose expressions as a decimal are calculable by finite means.", "nested": [[1, 2.5e3, -7], {"a": {"b": {"c": []}}}]})"},
    {"length_200", true, R"json({"type": "object", "properties": {"summary": {"type": "string", "maxLength": 200}},
      "required": ["summary"], "additionalProperties": false})json",
     R"({"summary": "A patient of 64 years was admitted with chest pain that had begun two hours before; the electrocardiogram showed an elevation in V2 to V4."})"},
    {"identifier", false, "root ::= [a-zA-Z_] [a-zA-Z0-9_]{0,63}",
     "compute_the_checksum_of_every_block_in_the_table_of_contents"},
    {"arithmetic", false, R"gbnf(root  ::= (expr "=" ws term "\n")+
expr  ::= term ([-+*/] term)*
term  ::= ident | num | "(" ws expr ")" ws
ident ::= [a-z] [a-z0-9_]* ws
num   ::= [0-9]+ ws
ws    ::= [ \t\n]*)gbnf",
     "(alpha +12 )*(beta -7 /(gamma +1 ))=99 \nx*x -y*y=3\n"},
};

Grammar Parse(const Case& c) {
  const Result<Grammar> grammar = c.schema ? CompileJsonSchemaText(c.source) : ParseGbnf(c.source);
  PANO_CHECK(grammar.ok());
  return *grammar;
}

double Microseconds(std::chrono::steady_clock::duration d) {
  return std::chrono::duration<double, std::micro>(d).count();
}

bool IsSet(const std::vector<uint32_t>& bits, int32_t id) {
  return bits[static_cast<size_t>(id) / 32] >> (id % 32) & 1;
}

// One pass over the text; the time of each mask goes to `times`.
std::string Pass(const Vocabulary& vocabulary, const std::shared_ptr<const CompiledGrammar>& compiled,
                 const std::vector<tokenizer::TokenId>& ids, bool ask_all, std::vector<double>& times) {
  GrammarMatcher matcher(compiled);
  std::vector<uint32_t> bits(vocabulary.table->mask_words());
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (!matcher.FillMask(bits).ok()) return "no mask";
    times.push_back(Microseconds(std::chrono::steady_clock::now() - begin));
    if (ask_all && i % 8 == 3) {
      for (int32_t id = 0; id < vocabulary.table->vocab_size(); ++id) {
        GrammarMatcher copy = matcher;
        if (copy.AcceptToken(id) != IsSet(bits, id)) return StrCat("token ", id, " at ", i);
      }
    }
    if (!IsSet(bits, ids[i]) || !matcher.AcceptToken(ids[i])) return StrCat("the text's token ", i);
  }
  return matcher.IsAccepting() ? "" : "the text is not accepted";
}

void Report(benchmark::State& state, std::vector<double>& times) {
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  state.counters["p50_us"] = times[times.size() / 2];
  state.counters["p90_us"] = times[times.size() * 9 / 10];
  state.counters["max_us"] = times.back();
}

// `warm`: the grammar has been used before, as when requests share it.
void BM_FillMask(benchmark::State& state, const Case& c, bool large, bool warm) {
  const Vocabulary* vocabulary = Load(large);
  if (!vocabulary) {
    state.SetLabel("left out: the vocabulary is not there");
    for (auto _ : state) {
    }
    return;
  }
  const Grammar grammar = Parse(c);
  const auto ids = vocabulary->tokenizer->Encode(c.text, {.add_special_tokens = false});
  PANO_CHECK(ids.ok());
  std::vector<double> times, unused;
  const auto used = *CompiledGrammar::Compile(grammar, vocabulary->table);
  std::string wrong = Pass(*vocabulary, used, *ids, true, unused);
  for (auto _ : state) {
    const auto compiled = warm ? used : *CompiledGrammar::Compile(grammar, vocabulary->table);
    if (wrong.empty()) wrong = Pass(*vocabulary, compiled, *ids, false, times);
  }
  if (!wrong.empty()) state.SkipWithError(wrong.c_str());
  Report(state, times);
  state.SetItemsProcessed(static_cast<int64_t>(times.size()));
  state.SetLabel(StrCat(vocabulary->table->vocab_size(), " tokens"));
}

// From the text to the first mask.
void BM_Compile(benchmark::State& state, const Case& c, bool large) {
  const Vocabulary* vocabulary = Load(large);
  for (auto _ : state) {
    if (!vocabulary) continue;
    const Grammar grammar = Parse(c);
    GrammarMatcher matcher(*CompiledGrammar::Compile(grammar, vocabulary->table));
    std::vector<uint32_t> bits(vocabulary->table->mask_words());
    if (!matcher.FillMask(bits).ok()) state.SkipWithError("no mask");
    state.counters["states"] = static_cast<double>(grammar.state_count());
  }
}

void BM_TokenTable(benchmark::State& state, bool large) {
  const Vocabulary* vocabulary = Load(large);
  for (auto _ : state) {
    if (!vocabulary) continue;
    const auto table = MakeTokenTable(*vocabulary->tokenizer);
    PANO_CHECK(table.ok());
    state.counters["MB"] = static_cast<double>((*table)->memory_bytes()) / 1e6;
  }
}

const int registered = [] {
  for (const bool large : {false, true}) {
    const std::string size = large ? "150k" : "starter";
    for (const Case& c : kCases) {
      for (const bool warm : {false, true}) {
        benchmark::RegisterBenchmark(
            StrCat("BM_FillMask/", c.name, "/", size, warm ? "/warm" : "/cold").c_str(),
            [&c, large, warm](benchmark::State& state) { BM_FillMask(state, c, large, warm); });
      }
      benchmark::RegisterBenchmark(
          StrCat("BM_Compile/", c.name, "/", size).c_str(),
          [&c, large](benchmark::State& state) { BM_Compile(state, c, large); })
          ->Unit(benchmark::kMillisecond);
    }
    benchmark::RegisterBenchmark(StrCat("BM_TokenTable/", size).c_str(),
                                 [large](benchmark::State& state) { BM_TokenTable(state, large); })
        ->Unit(benchmark::kMillisecond);
  }
  return 0;
}();

}  // namespace
}  // namespace pano::grammar
