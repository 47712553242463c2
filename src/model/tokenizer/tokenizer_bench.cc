#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "base/check.h"
#include "base/env.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "model/tokenizer/testing/small_tokenizers.h"
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
  Result<TokenizerPtr> loaded = LoadTokenizer(Shared("tokenizers/gguf_vocab/ggml-vocab-llama-spm.gguf"));
  if (loaded.ok()) return *loaded;
  loaded = TokenizerFromGguf(testing::ScoredGguf({"the", "th", "t", "h", "e", "in", "i", "n", "\u2581"}));
  PANO_CHECK(loaded.ok());
  return *loaded;
}

std::string English() {
  Result<std::string> text = ReadFile(Shared("corpora/en_frankenstein.txt"));
  if (text.ok()) return *std::move(text);
  std::string made;
  for (int i = 0; made.size() < (1u << 20); ++i) made += StrCat("The thing of number ", i, " is in the inn. ");
  return made;
}

std::string Chinese() {
  Result<std::string> text = ReadFile(Shared("corpora/zh_xiyouji.txt"));
  if (text.ok()) return text->substr(0, text->find('\n', 1u << 20));
  std::string made;
  while (made.size() < (1u << 20)) made += "天下大势，分久必合，合久必分。";
  return made;
}

std::string OneLetter() { return std::string(1u << 20, 'a'); }
std::string Spaces() { return std::string(1u << 20, ' '); }
std::string Emoji() {
  std::string made;
  while (made.size() < (1u << 20)) made += "\U0001F600";
  return made;
}

void Encode(benchmark::State& state, TokenizerPtr (*make)(), std::string (*text_of)()) {
  const TokenizerPtr tokenizer = make();
  const std::string text = text_of();
  EncodeOptions options;
  options.add_special_tokens = false;
  std::vector<TokenId> ids;
  for (auto _ : state) ids = tokenizer->Encode(text, options).value();
  // A fast wrong answer is no answer.
  if (tokenizer->Decode(ids, false).value() != text) state.SkipWithError("decode(encode(x)) != x");
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
  state.counters["bytes_per_token"] =
      static_cast<double>(text.size()) / static_cast<double>(std::max<size_t>(ids.size(), 1));
}

void Decode(benchmark::State& state, TokenizerPtr (*make)()) {
  const TokenizerPtr tokenizer = make();
  const std::string text = English();
  const std::vector<TokenId> ids = tokenizer->Encode(text, {.add_special_tokens = false}).value();
  for (auto _ : state) benchmark::DoNotOptimize(tokenizer->Decode(ids, false).value());
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}

BENCHMARK_CAPTURE(Encode, byte_level_english, ByteLevel, English)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Encode, byte_level_chinese, ByteLevel, Chinese)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Encode, byte_level_one_letter, ByteLevel, OneLetter)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Encode, byte_level_spaces, ByteLevel, Spaces)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Encode, byte_level_emoji, ByteLevel, Emoji)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Encode, sentencepiece_english, SentencePiece, English)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Encode, sentencepiece_chinese, SentencePiece, Chinese)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Encode, sentencepiece_one_letter, SentencePiece, OneLetter)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Encode, sentencepiece_spaces, SentencePiece, Spaces)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Decode, byte_level_english, ByteLevel)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Decode, sentencepiece_english, SentencePiece)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace pano::tokenizer
