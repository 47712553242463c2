#include <gtest/gtest.h>

#include <string>

#include "base/env.h"
#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/small_tokenizers.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

using testing::ByteLevelJson;
using testing::ScoredGguf;

// A small good file with one member replaced.
std::string With(std::string_view key, std::string_view value_text) {
  Result<json::Value> root = json::Parse(ByteLevelJson({{"a", "b"}}));
  Result<json::Value> value = json::Parse(value_text);
  EXPECT_TRUE(value.ok()) << value_text;
  json::Value* target = &*root;
  std::string_view rest = key;
  for (size_t dot = rest.find('.'); dot != std::string_view::npos; dot = rest.find('.')) {
    target = const_cast<json::Value*>(target->Find(rest.substr(0, dot)));
    rest.remove_prefix(dot + 1);
  }
  target->Set(rest, *value);
  return json::Dump(*root);
}

struct Bad {
  const char* key;
  const char* value;
  StatusCode code;
  const char* names;      // what the message must mention
};

TEST(TokenizerFromJson, NamesTheFieldThatIsWrong) {
  constexpr auto kCorrupt = StatusCode::kCorruption;
  constexpr auto kMissing = StatusCode::kUnimplemented;
  const Bad cases[] = {
      {"model", "null", kCorrupt, "model"},
      {"model", "[]", kCorrupt, "model"},
      {"model.type", "3", kCorrupt, "model.type"},
      {"model.type", "\"Morphemes\"", kMissing, "Morphemes"},
      {"model.type", "\"Unigram\"", kCorrupt, "model.vocab"},
      {"model.type", "\"WordPiece\"", kCorrupt, "model.unk_token"},
      {"model.vocab", "[]", kCorrupt, "model.vocab"},
      {"model.vocab", R"({"a": "0"})", kCorrupt, "model.vocab"},
      {"model.vocab", R"({"a": 1.5, "b": 1})", kCorrupt, "model.vocab"},
      {"model.vocab", R"({"a": -1})", kCorrupt, "-1"},
      {"model.vocab", R"({"a": 99999999999})", kCorrupt, "99999999999"},
      {"model.vocab", R"({"a": 1, "b": 1})", kCorrupt, "id 1"},
      {"model.vocab", R"({"a": 1, "a": 2})", kCorrupt, "two ids"},
      {"model.merges", "{}", kCorrupt, "model.merges"},
      {"model.merges", "[\"ab\"]", kCorrupt, "rule 0"},
      {"model.merges", "[\"a b c\"]", kCorrupt, "rule 0"},
      {"model.merges", "[[\"a\"]]", kCorrupt, "rule 0"},
      {"model.merges", "[[\"a\", 7]]", kCorrupt, "rule 0"},
      {"model.merges", "[\"a nothere\"]", kCorrupt, "nothere"},
      {"model.unk_token", "\"nothere\"", kCorrupt, "model.unk_token"},
      {"model.byte_fallback", "1", kCorrupt, "model.byte_fallback"},
      {"model.dropout", "0.1", kMissing, "dropout"},
      {"added_tokens", "{}", kCorrupt, "added_tokens"},
      {"added_tokens", "[7]", kCorrupt, "added_tokens[0]"},
      {"added_tokens", R"([{"id": -4, "content": "x"}])", kCorrupt, "added_tokens[0].id"},
      {"added_tokens", R"([{"id": 16777217, "content": "x"}])", kCorrupt, "added_tokens[0].id"},
      {"added_tokens", R"([{"id": 5, "content": "xyz"}])", kCorrupt, "id 5"},
      {"added_tokens", R"([{"id": 400, "content": "a"}])", kCorrupt, "two ids"},
      {"added_tokens", R"([{"id": 400, "content": "x!", "lstrip": 1}])", kCorrupt, "lstrip"},
      {"normalizer", R"({"type": "Magic"})", kMissing, "Magic"},
      {"normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "A"})", kCorrupt, "base64"},
      {"normalizer", R"({"type": "Precompiled", "precompiled_charsmap": "AAAA"})", kCorrupt, "charsmap"},
      {"normalizer", R"({"type": "BertNormalizer", "lowercase": 1})", kCorrupt, "lowercase"},
      {"normalizer", R"({"type": "Replace", "pattern": {}, "content": ""})", kCorrupt, "normalizer.pattern"},
      {"pre_tokenizer", R"({"type": "Magic"})", kMissing, "Magic"},
      {"pre_tokenizer", R"({"type": "Split", "behavior": "Isolated", "pattern": {"Regex": "(a"}})", kMissing, "(a"},
      {"pre_tokenizer", R"({"type": "Split", "behavior": "Sideways", "pattern": {"String": "a"}})", kCorrupt, "behavior"},
      {"pre_tokenizer", R"({"type": "Metaspace", "replacement": "ab"})", kCorrupt, "replacement"},
      {"pre_tokenizer", "\"ByteLevel\"", kCorrupt, "pre_tokenizer"},
      {"post_processor", R"({"type": "Magic"})", kMissing, "Magic"},
      {"post_processor", R"({"type": "BertProcessing", "cls": ["a", 9999], "sep": ["b", 1]})", kCorrupt, "cls"},
      {"post_processor", R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}]})", kCorrupt, "x"},
      {"post_processor", R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B"}}]})", kMissing, "'B'"},
      {"post_processor", R"({"type": "Sequence", "processors": [{"type": "BertProcessing", "cls": ["a", 1], "sep": ["b", 1]},
         {"type": "BertProcessing", "cls": ["a", 1], "sep": ["b", 1]}]})", kMissing, "second"},
      {"decoder", R"({"type": "CTC"})", kMissing, "CTC"},
  };
  ASSERT_TRUE(TokenizerFromJson(ByteLevelJson({{"a", "b"}}), {}).ok());
  for (const Bad& bad : cases) {
    const Result<TokenizerPtr> made = TokenizerFromJson(With(bad.key, bad.value), {});
    ASSERT_FALSE(made.ok()) << bad.key << " = " << bad.value;
    EXPECT_EQ(made.status().code(), bad.code) << made.status().message();
    EXPECT_NE(made.status().message().find(bad.names), std::string::npos) << made.status().message();
  }
}

TEST(TokenizerFromJson, SurvivesTextThatIsNoTokenizer) {
  for (const std::string& text : {std::string(), std::string("[]"), std::string("{"), std::string("\xff\xfe"),
                                  std::string(100000, '['), std::string("{\"model\": {\"vocab\": {}}}")}) {
    EXPECT_FALSE(TokenizerFromJson(text, {}).ok());
  }
}

TEST(TokenizerFromJson, AcceptsGapsAndAnyOrderOfIds) {
  const Result<TokenizerPtr> made = TokenizerFromJson(
      R"({"model": {"type": "BPE", "vocab": {"b": 9, "a": 4, "ab": 2}, "merges": ["a b"]}})", {});
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ((*made)->vocab_size(), 10);
  EXPECT_EQ((*made)->Encode("abb").value(), (std::vector<TokenId>{2, 9}));
}

// Nested sequences must not be a way to make a short text enormous.
TEST(TokenizerFromJson, GrowthIsBounded) {
  std::string steps = R"({"type": "ByteLevel", "add_prefix_space": true, "use_regex": false})";
  for (int i = 0; i < 40; ++i) {
    steps += R"(,{"type": "ByteLevel", "add_prefix_space": true, "use_regex": false})";
  }
  const std::string sequence = StrCat(R"({"type": "Sequence", "pretokenizers": [)", steps, "]}");
  const Result<TokenizerPtr> made = TokenizerFromJson(With("pre_tokenizer", sequence), {});
  ASSERT_TRUE(made.ok()) << made.status().message();
  EXPECT_EQ((*made)->Encode("éééééééééé").status().code(), StatusCode::kExhausted);
}

TEST(TokenizerFromJson, TakesBosAndEosFromTheConfig) {
  const Result<json::Value> config = json::Parse(R"({"bos_token": {"content": "a"}, "eos_token": "b"})");
  const Result<TokenizerPtr> made = TokenizerFromJson(ByteLevelJson({}), *config);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ((*made)->bos(), 'a');
  EXPECT_EQ((*made)->eos(), 'b');
  EXPECT_EQ(TokenizerFromJson(ByteLevelJson({}), {}).value()->bos(), std::nullopt);
}

TEST(TokenizerFromGguf, ScoredVocabulary) {
  const Result<TokenizerPtr> made = TokenizerFromGguf(ScoredGguf({"\u2581a", "\u2581", "a", "b"}));
  ASSERT_TRUE(made.ok()) << made.status().message();
  const Tokenizer& t = **made;
  EXPECT_EQ(t.bos(), 1);
  EXPECT_EQ(t.eos(), 2);
  EXPECT_FALSE(t.adds_special_tokens_by_default());
  EXPECT_TRUE(t.IsSpecial(1));
  EXPECT_FALSE(t.IsSpecial(259));
  EXPECT_EQ(t.Encode("ab</s>").value(), (std::vector<TokenId>{1, 259, 262, 2}));
  EXPECT_EQ(t.Encode("\n", {.add_special_tokens = false}).value(), (std::vector<TokenId>{260, 3 + 10}));
  EXPECT_EQ(t.Bytes(3 + 10), "\n");
  EXPECT_EQ(t.Piece(3 + 10), "<0x0A>");
  EXPECT_EQ(t.Bytes(259), " a");
}

TEST(TokenizerFromGguf, NamesTheKeyThatIsWrong) {
  const Bad cases[] = {
      {"tokenizer.ggml.model", "\"rwkv\"", StatusCode::kUnimplemented, "rwkv"},
      {"tokenizer.ggml.model", "\"none\"", StatusCode::kNotFound, "none"},
      {"tokenizer.ggml.model", "null", StatusCode::kNotFound, "tokenizer.ggml.model"},
      {"tokenizer.ggml.tokens", "7", StatusCode::kCorruption, "tokenizer.ggml.tokens"},
      {"tokenizer.ggml.tokens", "[7]", StatusCode::kCorruption, "tokenizer.ggml.token"},
      {"tokenizer.ggml.scores", "[1.0]", StatusCode::kCorruption, "tokenizer.ggml.scores"},
      {"tokenizer.ggml.token_type", "[1]", StatusCode::kCorruption, "tokenizer.ggml.token_type"},
      {"tokenizer.ggml.bos_token_id", "-7", StatusCode::kCorruption, "bos_token_id"},
      {"tokenizer.ggml.add_bos_token", "\"yes\"", StatusCode::kCorruption, "add_bos_token"},
  };
  for (const Bad& bad : cases) {
    json::Value metadata = ScoredGguf({"a"});
    metadata.Set(bad.key, json::Parse(bad.value).value());
    const Result<TokenizerPtr> made = TokenizerFromGguf(metadata);
    ASSERT_FALSE(made.ok()) << bad.key << " = " << bad.value;
    EXPECT_EQ(made.status().code(), bad.code) << made.status().message();
    EXPECT_NE(made.status().message().find(bad.names), std::string::npos) << made.status().message();
  }
  json::Value byte_level = ScoredGguf({"a"});
  byte_level.Set("tokenizer.ggml.model", "gpt2");
  byte_level.Set("tokenizer.ggml.merges", json::Array());
  byte_level.Set("tokenizer.ggml.pre", "nobody-knows");
  const Result<TokenizerPtr> unknown = TokenizerFromGguf(byte_level);
  EXPECT_EQ(unknown.status().code(), StatusCode::kUnimplemented);
  EXPECT_NE(unknown.status().message().find("nobody-knows"), std::string::npos);
  for (const char* pre : {"default", "gpt-2", "llama-bpe", "qwen2", "gpt-4o", "tekken", "deepseek-v3", "deepseek-coder",
                          "falcon", "starcoder", "bloom", "viking", "chatglm-bpe", "stablelm2", "qwen35", "modern-bert", "lfm2"}) {
    byte_level.Set("tokenizer.ggml.pre", pre);
    const Result<TokenizerPtr> known = TokenizerFromGguf(byte_level);
    EXPECT_TRUE(known.ok()) << known.status().message();
  }
}

TEST(LoadTokenizer, SaysWhatIsMissing) {
  EXPECT_EQ(LoadTokenizer("/nonexistent").status().code(), StatusCode::kNotFound);
  const std::string folder = ::testing::TempDir();
  EXPECT_EQ(LoadTokenizer(folder).status().code(), StatusCode::kNotFound);
  const std::string path = JoinPath(folder, "pano_load_test.json");
  ASSERT_TRUE(WriteFile(path, "{}").ok());
  const Result<TokenizerPtr> bad = LoadTokenizer(path);
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.status().message().find(path), std::string::npos);
}

}  // namespace
}  // namespace pano::tokenizer
