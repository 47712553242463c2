#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/shared_folder.h"
#include "base/strings.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

std::string Shared(std::string_view path) {
  return JoinPath(JoinPath(SharedFolder(PANO_SOURCE_DIR), "data"), path);
}

std::vector<json::Value> ReadLines(const std::string& path) {
  std::vector<json::Value> lines;
  const Result<std::string> text = ReadFile(path);
  EXPECT_TRUE(text.ok()) << path;
  if (!text.ok()) return lines;
  for (std::string_view line : Split(*text, '\n')) {
    if (line.empty()) continue;
    Result<json::Value> value = json::Parse(line);
    EXPECT_TRUE(value.ok()) << path << ": " << value.status().message();
    if (value.ok()) lines.push_back(*std::move(value));
  }
  return lines;
}

std::vector<TokenId> Ids(const json::Value& value) {
  std::vector<TokenId> ids;
  for (const json::Value& id : value.as_array()) ids.push_back(static_cast<TokenId>(id.as_int()));
  return ids;
}

std::vector<TokenId> Encode(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options) {
  Result<std::vector<TokenId>> ids = tokenizer.Encode(text, options);
  EXPECT_TRUE(ids.ok()) << ids.status().message();
  return ids.ok() ? *std::move(ids) : std::vector<TokenId>();
}

std::string StreamAll(const Tokenizer& tokenizer, const std::vector<TokenId>& ids, bool skip) {
  const auto stream = tokenizer.Stream(skip);
  std::string text;
  for (TokenId id : ids) text += stream->Push(id);
  return text + stream->Flush();
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = Shared(StrCat("golden/tokenizers/", GetParam()));
    if (!IsDirectory(folder_)) GTEST_SKIP() << "no known answers at " << folder_;
    std::string path = folder_;
    if (GetParam() == "gpt2") path = Shared("tokenizers/hf/gpt2_tokenizer.json");
    Result<TokenizerPtr> loaded = LoadTokenizer(path);
    ASSERT_TRUE(loaded.ok()) << loaded.status().message();
    tokenizer_ = *loaded;
  }

  std::string folder_;
  TokenizerPtr tokenizer_;
};

TEST_P(Golden, EncodesAndDecodes) {
  for (const json::Value& line : ReadLines(JoinPath(folder_, "cases.jsonl"))) {
    const std::string& text = line.Find("text")->as_string();
    const std::vector<TokenId> ids = Ids(*line.Find("ids"));
    EncodeOptions options;
    options.add_special_tokens = line.Find("add_special_tokens")->as_bool();
    EXPECT_EQ(Encode(*tokenizer_, text, options), ids) << json::Dump(line);
    for (bool skip : {false, true}) {
      const std::string& decoded = line.Find(skip ? "decoded_skip_special" : "decoded")->as_string();
      EXPECT_EQ(tokenizer_->Decode(ids, skip).value_or("failed"), decoded) << json::Dump(line);
      EXPECT_EQ(StreamAll(*tokenizer_, ids, skip), decoded) << json::Dump(line);
    }
  }
}

TEST_P(Golden, Streams) {
  for (const json::Value& line : ReadLines(JoinPath(folder_, "stream.jsonl"))) {
    const auto stream = tokenizer_->Stream(line.Find("skip_special_tokens")->as_bool());
    const json::Array& pieces = line.Find("pieces")->as_array();
    size_t i = 0;
    for (TokenId id : Ids(*line.Find("ids"))) {
      const std::string expected = pieces[i].is_null() ? "" : pieces[i].as_string();
      EXPECT_EQ(stream->Push(id), expected) << json::Dump(line) << " piece " << i;
      ++i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, Golden,
                         testing::Values("gpt2", "gpt2_style", "llama2_byte_fallback",
                                         "llama3_ignore_merges", "qwen2_style", "roberta_style",
                                         "deepseek_v3_style", "gemma_style", "added_tokens"),
                         [](const auto& param) { return param.param; });

// Texts and ids of GGUF files: no BOS, special text not parsed.
class GoldenGguf : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(GoldenGguf, Encodes) {
  const auto [file, tokens] = GetParam();
  if (!FileExists(Shared(file))) GTEST_SKIP() << "no known answers at " << Shared(file);
  const Result<TokenizerPtr> tokenizer = LoadTokenizer(Shared(file));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  EncodeOptions options;
  options.add_special_tokens = false;
  options.parse_special = false;
  for (const json::Value& line : ReadLines(Shared(tokens))) {
    const std::string& text = line.Find("text")->as_string();
    const std::vector<TokenId> ids = Ids(*line.Find("ids"));
    EXPECT_EQ(Encode(**tokenizer, text, options), ids) << json::Dump(line);
    if (text.find("\u2581") != std::string::npos) continue;   // comes back as a space
    EXPECT_EQ((*tokenizer)->Decode(ids, false).value_or("failed"), text) << json::Dump(line);
    EXPECT_EQ(StreamAll(**tokenizer, ids, false), text) << json::Dump(line);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Files, GoldenGguf,
    testing::Values(std::pair("golden/gguf/llama/llama-f32.gguf", "golden/gguf/llama/tokens.jsonl"),
                    std::pair("golden/gguf/qwen2/qwen2-f32.gguf", "golden/gguf/qwen2/tokens.jsonl"),
                    std::pair("golden/gguf/gemma2/gemma2-f32.gguf", "golden/gguf/gemma2/tokens.jsonl"),
                    std::pair("golden/gguf/llama_kquants/llama_kquants-kmix.gguf",
                              "golden/gguf/llama_kquants/tokens.jsonl")));

// Published vocabularies: texts between "__ggml_vocab_test__" lines, one line of ids for each.
class GgufVocabulary : public testing::TestWithParam<const char*> {};

TEST_P(GgufVocabulary, Encodes) {
  const std::string path = Shared(StrCat("tokenizers/gguf_vocab/ggml-vocab-", GetParam(), ".gguf"));
  if (!FileExists(path)) GTEST_SKIP() << "no known answers at " << path;
  const Result<TokenizerPtr> tokenizer = LoadTokenizer(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status().message();
  const Result<std::string> texts = ReadFile(path + ".inp");
  const Result<std::string> answers = ReadFile(path + ".out");
  ASSERT_TRUE(texts.ok() && answers.ok());
  const std::string separator = "\n__ggml_vocab_test__\n";
  EncodeOptions options;
  options.add_special_tokens = false;
  size_t from = 0;
  size_t count = 0;
  for (std::string_view line : Split(*answers, '\n')) {
    const size_t to = texts->find(separator, from);
    if (to == std::string::npos) break;
    std::vector<TokenId> ids;
    for (std::string_view id : Split(line, ' ')) {
      if (!id.empty()) ids.push_back(static_cast<TokenId>(ParseInt(id).value_or(-1)));
    }
    const std::string text = texts->substr(from, to - from);
    EXPECT_EQ(Encode(**tokenizer, text, options), ids) << Printable(text);
    from = to + separator.size();
    ++count;
  }
  EXPECT_GT(count, 40u);
}

INSTANTIATE_TEST_SUITE_P(Files, GgufVocabulary, testing::Values("gpt-2", "llama-spm"));

TEST(GoldenStories, AllFormsGiveTheSameIds) {
  const std::string folder = Shared("weights/stories260K");
  if (!IsDirectory(folder)) GTEST_SKIP() << "no known answers at " << folder;
  const Result<TokenizerPtr> hf = LoadTokenizer(JoinPath(folder, "hf"));
  ASSERT_TRUE(hf.ok()) << hf.status().message();
  EXPECT_EQ((*hf)->bos(), 1);
  EXPECT_EQ((*hf)->eos(), 2);
  EXPECT_TRUE((*hf)->adds_special_tokens_by_default());
  const Result<std::string> story = ReadFile(JoinPath(folder, "expected_greedy_200.txt"));
  ASSERT_TRUE(story.ok());
  for (const char* file : {"stories260K-f32.gguf", "stories260K-q8_0.gguf"}) {
    const Result<TokenizerPtr> gguf = LoadTokenizer(JoinPath(folder, file));
    ASSERT_TRUE(gguf.ok()) << gguf.status().message();
    EXPECT_EQ((*gguf)->bos(), 1);
    EXPECT_FALSE((*gguf)->adds_special_tokens_by_default());
    for (const std::string& text : {*story, std::string("Zoë 你好\n\n  x<s>y</s> z"), std::string()}) {
      const std::vector<TokenId> ids = Encode(**hf, text, {});
      EXPECT_EQ(Encode(**gguf, text, {}), ids);
      EXPECT_EQ(ids.at(0), 1);
      for (bool skip : {false, true}) {
        EXPECT_EQ((*gguf)->Decode(ids, skip).value_or("a"), (*hf)->Decode(ids, skip).value_or("b"));
      }
    }
  }
}

TEST(GoldenUnsupported, IsRefusedByName) {
  for (const char* name : {"golden/tokenizers/bert_uncased", "golden/tokenizers/t5_unigram",
                           "tokenizers/gguf_vocab/ggml-vocab-bert-bge.gguf"}) {
    const std::string path = Shared(name);
    if (!IsDirectory(path) && !FileExists(path)) GTEST_SKIP() << "no files at " << path;
    const Result<TokenizerPtr> tokenizer = LoadTokenizer(path);
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_EQ(tokenizer.status().code(), StatusCode::kUnimplemented) << tokenizer.status().message();
  }
}

}  // namespace
}  // namespace pano::tokenizer
