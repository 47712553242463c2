// Added tokens that stand beside the tokenizer's file.
#include "model/tokenizer/formats/listed_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/env.h"
#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/sentencepiece_file.h"
#include "model/tokenizer/formats/testing/small_tokenizers.h"

namespace pano::tokenizer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ByteLevelJson;

// A folder of a tokenizer's files, removed with the test.
class ListedTokensTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "pano-listed-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(std::string_view name, std::string_view text) {
    ASSERT_TRUE(WriteFile(JoinPath(folder_, name), std::string(text)).ok());
  }
  // "ab" is the first entry behind the bytes.
  void WriteTokenizer() { Write("tokenizer.json", ByteLevelJson({{"a", "b"}})); }
  TokenizerPtr Load() {
    const auto tokenizer = LoadTokenizer(folder_);
    EXPECT_TRUE(tokenizer.ok()) << tokenizer.status().ToString();
    return tokenizer.ok() ? *tokenizer : nullptr;
  }
  std::string Error() {
    const auto tokenizer = LoadTokenizer(folder_);
    return tokenizer.ok() ? "loaded" : tokenizer.error().message();
  }

  std::string folder_;
};

constexpr std::string_view kDecoder =
    R"({"eos_token":"<|im_end|>","added_tokens_decoder":{)"
    R"("258":{"content":"<|im_end|>","rstrip":true,"special":true},)"
    R"("257":{"content":"<|im_start|>","special":true},"259":{"content":"<think>","special":false}}})";

TEST_F(ListedTokensTest, TheConfigurationsListCounts) {
  WriteTokenizer();
  Write("tokenizer_config.json", kDecoder);
  const TokenizerPtr t = Load();
  ASSERT_NE(t, nullptr);
  const TokenId ab = t->Find("ab").value();
  EXPECT_EQ(t->vocab_size(), 260);
  EXPECT_EQ(t->eos(), 258);
  EXPECT_TRUE(t->IsSpecial(257));
  EXPECT_FALSE(t->IsSpecial(259));
  EXPECT_THAT(t->Encode("<|im_start|>ab<|im_end|> \nab<think>").value(),
              ElementsAre(257, ab, 258, ab, 259));
  EXPECT_EQ(t->Decode(std::vector<TokenId>{257, ab, 259}, true).value(), "ab<think>");
}

TEST_F(ListedTokensTest, OlderFoldersHaveFilesOfTheirOwn) {
  WriteTokenizer();
  Write("added_tokens.json", R"({"<|im_end|>": 258, "<|im_start|>": 257, "<think>": 259})");
  Write("special_tokens_map.json",
        R"({"eos_token":{"content":"<|im_end|>"},"additional_special_tokens":["<|im_start|>"]})");
  Write("tokenizer_config.json", R"({"bos_token":null,"model_max_length":1e30})");
  const TokenizerPtr t = Load();
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(t->eos(), 258);
  EXPECT_TRUE(t->IsSpecial(257));
  EXPECT_TRUE(t->IsSpecial(258));
  EXPECT_FALSE(t->IsSpecial(259));
  EXPECT_THAT(t->Encode("<|im_start|><think><|im_end|>").value(), ElementsAre(257, 259, 258));
}

TEST_F(ListedTokensTest, TheFileItselfAndTheVocabularyComeFirst) {
  json::Value file = json::Parse(ByteLevelJson({{"a", "b"}})).value();
  file.Set("added_tokens", json::Array{json::Object{{"id", 300}, {"content", "<x>"}, {"special", true}}});
  Write("tokenizer.json", json::Dump(file));
  // Another id for what is there, flags for what is there, the id of another piece, a repeated text.
  Write("tokenizer_config.json",
        R"({"added_tokens_decoder":{"7":{"content":"<y>"},"299":{"content":"<x>","special":false},)"
        R"("301":{"content":"ab","special":true},"302":{"content":"<y>"}},"pad_token":"[nowhere]"})");
  const TokenizerPtr t = Load();
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(t->Find("<x>"), 300);
  EXPECT_TRUE(t->IsSpecial(300));
  EXPECT_EQ(t->Find("<y>"), 301);
  EXPECT_EQ(t->Find("[nowhere]"), std::nullopt);
  EXPECT_EQ(t->vocab_size(), 302);
  EXPECT_TRUE(t->IsSpecial(t->Find("ab").value()));
}

TEST_F(ListedTokensTest, TheyStandBesideASentencePieceModelToo) {
  Write("tokenizer.model", testing::SentencePieceFile(testing::SmallSentencePiece(
                              SentencePieceModel::Kind::kBpe, {"a", "b", "ab"})));
  const int32_t size = Load()->vocab_size();
  Write("tokenizer_config.json",
        StrCat(R"({"eos_token":"<|im_end|>","added_tokens_decoder":{")", size,
               R"(":{"content":"<|im_end|>","special":true},")", size + 1,
               R"(":{"content":"<tool>"},"0":{"content":"<unk>","special":true}}})"));
  const TokenizerPtr t = Load();
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(t->vocab_size(), size + 2);
  EXPECT_EQ(t->eos(), size);
  const auto ids = t->Encode("<tool><|im_end|>", {.add_special_tokens = false}).value();
  EXPECT_THAT(ids, ElementsAre(size + 1, size));
  EXPECT_EQ(t->Decode(ids, true).value(), "<tool>");
}

TEST_F(ListedTokensTest, WhatIsWrongIsNamed) {
  WriteTokenizer();
  Write("tokenizer_config.json", R"({"added_tokens_decoder":[]})");
  EXPECT_THAT(Error(), HasSubstr("added_tokens_decoder: expected object"));
  Write("tokenizer_config.json", R"({"added_tokens_decoder":{"x":{"content":"a"}}})");
  EXPECT_THAT(Error(), HasSubstr("added_tokens_decoder.x: the key is no id"));
  Write("tokenizer_config.json", R"({"added_tokens_decoder":{"99999999":{"content":"a"}}})");
  EXPECT_THAT(Error(), HasSubstr("the key is no id"));
  Write("tokenizer_config.json", R"({"added_tokens_decoder":{"300":{"content":7}}})");
  EXPECT_THAT(Error(), HasSubstr("added_tokens_decoder.300.content: expected string"));
  Write("tokenizer_config.json", "{}");
  Write("added_tokens.json", R"({"<x>": "300"})");
  EXPECT_THAT(Error(), HasSubstr("added_tokens.json: '<x>': expected an id"));
  Write("added_tokens.json", "[]");
  EXPECT_THAT(Error(), HasSubstr("added_tokens.json: expected an object, found array"));
}

// sentence-transformers lowers texts before the tokenizer sees them, special tokens too.
TEST_F(ListedTokensTest, FoldersOfSentencesMayLowerTheirTexts) {
  WriteTokenizer();
  Write("tokenizer_config.json", R"({"added_tokens_decoder":{"257":{"content":"[X]","special":true}}})");
  Write("sentence_bert_config.json", R"({"max_seq_length":16,"do_lower_case":true})");
  const TokenizerPtr before = Load();
  EXPECT_EQ(before->Encode("A").value().front(), 'A');
  Write("modules.json", "[]");
  const TokenizerPtr t = Load();
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(t->Encode("ABa").value(), t->Encode("aba").value());
  EXPECT_EQ(t->EncodePair("AB", "BA").value().ids, before->EncodePair("ab", "ba").value().ids);
  EXPECT_EQ(t->Encode("[X]").value(), before->Encode("[x]").value());
  EXPECT_EQ(t->Decode(std::vector<TokenId>{'A'}, false).value(), "A");
  EXPECT_EQ(t->Find("[X]"), 257);
  Write("sentence_bert_config.json", R"({"do_lower_case":1})");
  EXPECT_THAT(Error(), HasSubstr("do_lower_case: expected bool"));
}

// Markers that are shown, and those alone: what an assistant said may hold them as tokens.
TEST_F(ListedTokensTest, ShownMarkersAreFound) {
  WriteTokenizer();
  Write("tokenizer_config.json",
        R"({"added_tokens_decoder":{"257":{"content":"<|x|>"},"258":{"content":"<|y|>","special":true},)"
        R"("259":{"content":"<b>"},"260":{"content":"  "}}})");
  const TokenizerPtr t = Load();
  ASSERT_NE(t, nullptr);
  const auto found = t->FindShownMarkers("a<|x|>  <|y|><b><|x|>");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].begin, 1u);
  EXPECT_EQ(found[0].end, 6u);
  EXPECT_EQ(found[1].begin, 16u);
}

}  // namespace
}  // namespace pano::tokenizer
