#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/env.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/small_tokenizers.h"
#include "model/tokenizer/split/split_patterns.h"
#include "model/tokenizer/text/regex.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

std::string Shared(std::string_view path) {
  return JoinPath(JoinPath(SharedFolder("."), "data"), path);
}

// A published vocabulary where it is at hand, else a small one.
TokenizerPtr ByteLevel() {
  Result<TokenizerPtr> loaded = LoadTokenizer(Shared("tokenizers/hf/gpt2_tokenizer.json"));
  if (loaded.ok()) return *loaded;
  loaded = TokenizerFromJson(
      testing::ByteLevelJson({{"t", "h"}, {"th", "e"}, {"i", "n"}, {"a", "n"}, {"e", "r"}}), {});
  PANO_CHECK(loaded.ok());
  return *loaded;
}

TokenizerPtr SentencePiece() {
  Result<TokenizerPtr> loaded =
      LoadTokenizer(Shared("tokenizers/gguf_vocab/ggml-vocab-llama-spm.gguf"));
  if (loaded.ok()) return *loaded;
  loaded = TokenizerFromGguf(
      testing::ScoredGguf({"the", "th", "t", "h", "e", "in", "i", "n", "\u2581"}));
  PANO_CHECK(loaded.ok());
  return *loaded;
}

std::string Corpus(std::string_view name, std::string_view instead) {
  Result<std::string> text = ReadFile(Shared(StrCat("corpora/", name)));
  if (text.ok()) return *std::move(text);
  std::string made;
  for (int i = 0; made.size() < (1u << 20); ++i) made += StrCat(instead, i, " ");
  return made;
}

std::string English() {
  return Corpus("en_frankenstein.txt", "The thing is in the inn of number ");
}
std::string Wikipedia() { return Corpus("wikitext2_raw_test.txt", "An article with the number "); }
std::string Stories() {
  return Corpus("tinystories_sample_944k.txt", "Once upon a time there was ");
}
std::string Chinese() {
  const std::string text = Corpus("zh_xiyouji.txt", "天下大势，分久必合，合久必分。");
  return text.substr(0, text.find('\n', 1u << 20));
}

std::string Repeated(std::string_view part) {
  std::string made;
  while (made.size() < (1u << 20)) made += part;
  return made;
}
std::string OneLetter() { return Repeated("a"); }
std::string Spaces() { return Repeated(" "); }
std::string Lines() { return Repeated("\n"); }
std::string Digits() { return Repeated("7"); }
std::string Emoji() { return Repeated("\U0001F600"); }

constexpr EncodeOptions kPlain = {.add_special_tokens = false, .parse_special = true, .plain = {}};

// A fast wrong answer is no answer: what a regex engine splits, piece by piece, must give the same
// ids.
bool IsRight(const Tokenizer& tokenizer, const std::string& text, const std::vector<TokenId>& ids) {
  if (tokenizer.Decode(ids, false).value() != text) return false;
  if (tokenizer.Find("\u0120the") == std::nullopt) return true;  // not the published vocabulary
  const RegexPtr regex = Regex::Compile(kGpt2Pattern).value();
  std::vector<Match> parts;
  if (!Regex::Matcher(*regex).FindAll(text, parts).ok()) return false;
  std::vector<TokenId> expected;
  for (const Match& part : parts) {
    const auto more =
        tokenizer.Encode(text.substr(part.begin, part.end - part.begin), kPlain).value();
    expected.insert(expected.end(), more.begin(), more.end());
  }
  return ids == expected;
}

void Finish(benchmark::State& state, const Tokenizer& tokenizer, const std::string& text,
            const std::vector<TokenId>& ids, bool split_as_gpt2) {
  const bool right =
      split_as_gpt2 ? IsRight(tokenizer, text, ids) : tokenizer.Decode(ids, false).value() == text;
  if (!right) state.SkipWithError("wrong ids");
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
  state.counters["MB/s"] = benchmark::Counter(static_cast<double>(text.size()) * 1e-6,
                                              benchmark::Counter::kIsIterationInvariantRate);
  state.counters["bytes_per_token"] =
      static_cast<double>(text.size()) / static_cast<double>(std::max<size_t>(ids.size(), 1));
}

// A tokenizer that has never seen the text: one is loaded for every run, which is not timed.
void Cold(benchmark::State& state, TokenizerPtr (*make)(), std::string (*text_of)()) {
  const std::string text = text_of();
  TokenizerPtr tokenizer;
  std::vector<TokenId> ids;
  for (auto _ : state) {
    state.PauseTiming();
    tokenizer = make();
    ids = {};
    state.ResumeTiming();
    ids = tokenizer->Encode(text, kPlain).value();
  }
  Finish(state, *tokenizer, text, ids, /*split_as_gpt2=*/make == ByteLevel);
}

void Warm(benchmark::State& state, TokenizerPtr (*make)(), std::string (*text_of)()) {
  const TokenizerPtr tokenizer = make();
  const std::string text = text_of();
  std::vector<TokenId> ids = tokenizer->Encode(text, kPlain).value();
  for (auto _ : state) ids = tokenizer->Encode(text, kPlain).value();
  Finish(state, *tokenizer, text, ids, /*split_as_gpt2=*/make == ByteLevel);
}

void Decode(benchmark::State& state, TokenizerPtr (*make)()) {
  const TokenizerPtr tokenizer = make();
  const std::string text = English();
  const std::vector<TokenId> ids = tokenizer->Encode(text, kPlain).value();
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer->Decode(ids, false).value());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

// What the scanner of the same pattern replaces.
void RegexSplit(benchmark::State& state) {
  const std::string text = English();
  const RegexPtr regex = Regex::Compile(kGpt2Pattern).value();
  std::vector<Match> parts;
  for (auto _ : state) {
    parts.clear();
    PANO_CHECK(Regex::Matcher(*regex).FindAll(text, parts).ok());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

constexpr int kColdRuns = 10;

BENCHMARK_CAPTURE(Cold, byte_level_english, ByteLevel, English)
    ->Iterations(kColdRuns)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Cold, byte_level_wikipedia, ByteLevel, Wikipedia)
    ->Iterations(kColdRuns)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Cold, byte_level_stories, ByteLevel, Stories)
    ->Iterations(kColdRuns)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, byte_level_english, ByteLevel, English)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, byte_level_wikipedia, ByteLevel, Wikipedia)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, byte_level_stories, ByteLevel, Stories)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, byte_level_chinese, ByteLevel, Chinese)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, byte_level_one_letter, ByteLevel, OneLetter)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, byte_level_spaces, ByteLevel, Spaces)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, byte_level_lines, ByteLevel, Lines)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, byte_level_digits, ByteLevel, Digits)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, byte_level_emoji, ByteLevel, Emoji)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, sentencepiece_english, SentencePiece, English)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, sentencepiece_chinese, SentencePiece, Chinese)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, sentencepiece_one_letter, SentencePiece, OneLetter)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Warm, sentencepiece_spaces, SentencePiece, Spaces)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Decode, byte_level_english, ByteLevel)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Decode, sentencepiece_english, SentencePiece)->Unit(benchmark::kMillisecond);
BENCHMARK(RegexSplit)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pano::tokenizer
