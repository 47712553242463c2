// Vocabularies carried into GGUF and back give the same ids.
#include "model/tokenizer/formats/gguf_vocabulary.h"
#include "model/tokenizer/formats/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/env.h"
#include "base/strings.h"
#include "base/testing/known_answers.h"
#include "model/format/weights.h"

namespace pano::tokenizer {
namespace {

using ::testing::HasSubstr;

json::Value ReadJson(const std::string& path) {
  if (!FileExists(path)) return {};
  return json::Parse(ReadFile(path).value()).value();
}

HfVocabulary OfFolder(const std::string& folder, int64_t rows) {
  return {ReadJson(JoinPath(folder, "tokenizer.json")),
          ReadJson(JoinPath(folder, "tokenizer_config.json")),
          "",
          rows,
          {},
          {}};
}

json::Value Metadata(const std::vector<format::GgufEntry>& entries) {
  json::Value out;
  for (const auto& entry : entries) out.Set(entry.key, format::ToJson(entry.value));
  return out;
}

// Both conversions compare ids themselves; this compares the two ends, on more text.
void CompareThereAndBack(const std::string& folder, int64_t rows, std::string_view model,
                         std::string_view pre, size_t& compared) {
  SCOPED_TRACE(folder);
  const HfVocabulary vocabulary = OfFolder(folder, rows);
  const auto entries = ToGgufVocabulary(vocabulary);
  ASSERT_TRUE(entries.ok()) << entries.error().ToString();
  const json::Value metadata = Metadata(*entries);
  EXPECT_EQ(metadata.Find("tokenizer.ggml.model")->as_string(), model);
  EXPECT_EQ(metadata.Find("tokenizer.ggml.pre")->as_string(), pre);
  EXPECT_EQ(static_cast<int64_t>(metadata.Find("tokenizer.ggml.tokens")->as_array().size()), rows);
  const auto files = ToHfTokenizer(metadata);
  ASSERT_TRUE(files.ok()) << files.error().ToString();
  const TokenizerPtr before =
      TokenizerFromJson(json::Dump(vocabulary.tokenizer), vocabulary.config).value();
  const TokenizerPtr after = TokenizerFromJson(json::Dump(files->tokenizer), files->config).value();
  EXPECT_EQ(before->bos(), after->bos());
  EXPECT_EQ(before->eos(), after->eos());
  EXPECT_TRUE(CheckSameIds(*before, *after).ok());
  const std::string cases = ReadFile(JoinPath(folder, "cases.jsonl")).value_or("");
  for (const std::string_view line : Split(cases, '\n')) {
    if (line.empty()) continue;
    const std::string text = json::Parse(line)->Find("text")->as_string();
    const auto wanted = before->Encode(text).value();
    ASSERT_EQ(wanted, after->Encode(text).value()) << Printable(text);
    EXPECT_EQ(before->Decode(wanted, false).value(), after->Decode(wanted, false).value());
    ++compared;
  }
}
// How many texts were compared.
size_t ThereAndBack(const std::string& folder, int64_t rows, std::string_view model,
                    std::string_view pre) {
  size_t compared = 0;
  CompareThereAndBack(folder, rows, model, pre, compared);
  return compared;
}

TEST(GgufVocabularyTest, ThereAndBack) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/tokenizers");
  ThereAndBack(JoinPath(answers.path(), "../../weights/stories260K/hf"), 512, "llama", "default");
  const std::string golden = answers.path() + "/";
  answers.Compared(ThereAndBack(golden + "llama2_byte_fallback", 1159, "llama", "default"));
  answers.Compared(ThereAndBack(golden + "gpt2_style", 901, "gpt2", "gpt-2"));
  answers.Compared(ThereAndBack(golden + "llama3_ignore_merges", 1216, "gpt2", "llama-bpe"));
  answers.Compared(ThereAndBack(golden + "qwen2_style", 1105, "gpt2", "qwen2"));
  answers.Compared(ThereAndBack(golden + "deepseek_v3_style", 1004, "gpt2", "deepseek-v3"));
}

TEST(GgufVocabularyTest, Starter) {
  ThereAndBack(JoinPath(PANO_SOURCE_DIR, "models/starter"), 2048, "gpt2", "gpt-2");
}

TEST(GgufVocabularyTest, RefusesByName) {
  PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, "golden/tokenizers");
  const std::string golden = answers.path() + "/";
  auto fails = [&](const std::string& folder, int64_t rows, const std::string& words) {
    const auto entries = ToGgufVocabulary(OfFolder(golden + folder, rows));
    ASSERT_FALSE(entries.ok()) << folder;
    answers.Compared(1);
    EXPECT_THAT(entries.error().message(), HasSubstr(words));
  };
  fails("added_tokens", 710, "normalizer");
  // Two spaces are an entry that merging by rules never makes, merging by scores does.
  fails("gemma_style", 1165, "would get other ids");
  fails("llama3_ignore_merges", 1000, "has the id 1");
  const auto bert = ToHfTokenizer(*json::Parse(R"({"tokenizer.ggml.model":"bert"})"));
  EXPECT_EQ(bert.error().code(), StatusCode::kUnimplemented);
  EXPECT_THAT(bert.error().message(), HasSubstr("'bert'"));
}

TEST(GgufVocabularyTest, GgufFiles) {
  for (const char* path : {"tokenizers/gguf_vocab/ggml-vocab-gpt-2.gguf",
                           "tokenizers/gguf_vocab/ggml-vocab-llama-spm.gguf",
                           "golden/gguf/gemma2/gemma2-f32.gguf"}) {
    PANO_KNOWN_ANSWERS(SharedAnswers, answers, PANO_SOURCE_DIR, path);
    SCOPED_TRACE(path);
    const auto files = ToHfTokenizer(format::ReadGgufMetadata(answers.path()).value());
    ASSERT_TRUE(files.ok()) << files.error().ToString();
    answers.Compared(1);
    EXPECT_TRUE(files->tokenizer.is_object());
  }
}

TEST(GgufVocabularyTest, FilesWithoutVocabulary) {
  EXPECT_TRUE(
      ToHfTokenizer(*json::Parse(R"({"tokenizer.ggml.model":"none"})"))->tokenizer.is_null());
  EXPECT_TRUE(ToHfTokenizer(json::Object{})->tokenizer.is_null());
}

}  // namespace
}  // namespace pano::tokenizer
