// WordPiece, WordLevel and Unigram as tokenizer.json has them.
#include <gtest/gtest.h>

#include <string>

#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/small_tokenizers.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {
namespace {

using testing::FromJson;

std::string Pieces(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
  Result<std::vector<TokenId>> ids = tokenizer.Encode(text, options);
  if (!ids.ok()) return ids.status().message();
  std::string out;
  for (TokenId id : *ids) out += StrCat(out.empty() ? "" : "|", tokenizer.Piece(id));
  return out;
}

std::string WordPieceJson(std::string_view more) {
  return StrCat(R"({"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 8, "vocab": {"[UNK]": 0, "un": 1, "##aff": 2, "##able": 3, "a": 4, "##a": 5, "aa": 6,
    "##aa": 7, ",": 8, "é": 9, "e": 10, "你": 11, "[SEP]": 12}},
    "added_tokens": [{"id": 12, "content": "[SEP]", "special": true}])", more, "}");
}

TEST(WordPiece, TakesTheLongestPartFirst) {
  const TokenizerPtr t = FromJson(WordPieceJson(R"(, "pre_tokenizer": {"type": "BertPreTokenizer"})"));
  EXPECT_EQ(Pieces(*t, "unaffable, aaaaa"), "[UNK]|,|aa|##aa|##a");
  EXPECT_EQ(Pieces(*t, "unaff unx"), "un|##aff|[UNK]");
  EXPECT_EQ(Pieces(*t, "aaaaaaaa aaaaaaaaa"), "aa|##aa|##aa|##aa|[UNK]");   // eight characters at most
  EXPECT_EQ(Pieces(*t, ""), "");
}

TEST(WordPiece, BertNormalizes) {
  const std::string_view rest = R"(, "pre_tokenizer": {"type": "BertPreTokenizer"}, "normalizer":)";
  EXPECT_EQ(Pieces(*FromJson(WordPieceJson(StrCat(rest, R"({"type": "BertNormalizer"})"))), "\u00c9\u00c9a\u4f60a\x01"),
            "[UNK]|你|a");
  EXPECT_EQ(Pieces(*FromJson(WordPieceJson(StrCat(rest, R"({"type": "BertNormalizer"})"))), "\u00c9"), "e");
  EXPECT_EQ(Pieces(*FromJson(WordPieceJson(StrCat(rest, R"({"type": "BertNormalizer", "strip_accents": false})"))), "\u00c9"),
            "é");
  EXPECT_EQ(Pieces(*FromJson(WordPieceJson(StrCat(rest, R"({"type": "BertNormalizer", "lowercase": false})"))), "A"), "[UNK]");
}

TEST(WordPiece, SpecialTextStaysText) {
  const TokenizerPtr t = FromJson(WordPieceJson(R"(, "pre_tokenizer": {"type": "WhitespaceSplit"})"));
  EXPECT_EQ(Pieces(*t, "a [SEP]"), "a|[SEP]");
  EXPECT_EQ(Pieces(*t, "a [SEP]", {.parse_special = false}), "a|[UNK]");
  const ByteRange user[] = {{0, 7}};
  EXPECT_EQ(Pieces(*t, "a [SEP]", {.plain = user}), "a|[UNK]");
}

TEST(WordLevel, LooksWordsUp) {
  const TokenizerPtr t = FromJson(R"({"model": {"type": "WordLevel", "unk_token": "?", "vocab": {"?": 0, "ab": 1, "<s>": 2}},
    "pre_tokenizer": {"type": "Whitespace"}, "added_tokens": [{"id": 2, "content": "<s>", "special": true}]})");
  EXPECT_EQ(Pieces(*t, "ab abc ab"), "ab|?|ab");
  const TokenizerPtr none = FromJson(R"({"model": {"type": "WordLevel", "vocab": {"ab": 1}}})");
  EXPECT_EQ(none->Encode("x").status().code(), StatusCode::kInvalidArgument);
}

std::string UnigramJson(std::string_view more_model, std::string_view more = {}) {
  return StrCat(R"({"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1], ["b", -1.5], ["ab", -2.4],
    ["abc", -9], ["c", -2], ["</s>", 0], ["<0xC3>", -50], ["<0xA9>", -50]])", more_model, R"(},
    "added_tokens": [{"id": 6, "content": "</s>", "special": true}])", more, "}");
}

TEST(Unigram, TakesTheBestCut) {
  const TokenizerPtr t = FromJson(UnigramJson(""));
  EXPECT_EQ(Pieces(*t, "ab"), "ab");
  EXPECT_EQ(Pieces(*t, "abc"), "ab|c");
  EXPECT_EQ(Pieces(*t, "axyzb"), "a|<unk>|b");       // a run of unknown characters is one
  EXPECT_EQ(Pieces(*t, "\u00e9"), "<unk>");
  EXPECT_EQ(Pieces(*FromJson(UnigramJson(R"(, "byte_fallback": true)")), "a\u00e9\u00e8"), "a|<unk>");
  EXPECT_EQ(Pieces(*FromJson(UnigramJson(R"(, "byte_fallback": true)")), "a\u00e9b\u00e9\u00e9"),
            "a|<0xC3>|<0xA9>|b|<0xC3>|<0xA9>|<0xC3>|<0xA9>");
}

TEST(Unigram, SpecialTextStaysText) {
  // NFKC makes the token of full-width characters, after the special ones were looked for.
  const TokenizerPtr t = FromJson(UnigramJson("", R"(, "normalizer": {"type": "NFKC"})"));
  EXPECT_EQ(Pieces(*t, "a</s>"), "a|</s>");
  EXPECT_EQ(Pieces(*t, "a\uff1c/s\uff1e"), "a|</s>");
  EXPECT_EQ(Pieces(*t, "a\uff1c/s\uff1e</s>", {.parse_special = false}), "a|<unk>");
}

TEST(Unigram, WithoutUnknownTokenUnknownTextIsRefused) {
  const TokenizerPtr t = FromJson(R"({"model": {"type": "Unigram", "vocab": [["a", -1]]}})");
  EXPECT_EQ(Pieces(*t, "aa"), "a|a");
  EXPECT_EQ(t->Encode("ab").status().code(), StatusCode::kInvalidArgument);
}

TEST(Unigram, RefusesScoresThatAreNone) {
  for (const char* vocab : {R"([["a", "1"]])", R"([["a"]])", R"(["a"])", R"([["a", 1], ["a", 2]])", R"([["a", 1e999]])"}) {
    EXPECT_FALSE(TokenizerFromJson(StrCat(R"({"model": {"type": "Unigram", "unk_id": 0, "vocab": )", vocab, "}}"), {}).ok());
  }
  EXPECT_FALSE(TokenizerFromJson(R"({"model": {"type": "Unigram", "unk_id": 1, "vocab": [["a", 1]]}})", {}).ok());
}

TEST(WordModels, LongTextsAreNotQuadratic) {
  std::string emoji;
  while (emoji.size() < (1u << 20)) emoji += "\U0001F600";
  const std::string metaspace = R"(, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁"})";
  for (const std::string& file : {UnigramJson(""), UnigramJson("", metaspace), WordPieceJson(""),
                                  WordPieceJson(R"(, "pre_tokenizer": {"type": "BertPreTokenizer"})"),
                                  WordPieceJson(R"(, "normalizer": {"type": "Strip", "strip_left": true, "strip_right": true})")}) {
    const TokenizerPtr t = FromJson(file);
    for (const std::string& text : {std::string(1 << 20, 'a'), std::string(1 << 20, ' ') + 'x', emoji}) {
      EXPECT_TRUE(t->Encode(text).ok());
    }
  }
}

TEST(Pairs, TemplatesSayWhatStandsAround) {
  const TokenizerPtr t = FromJson(UnigramJson("", R"(, "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "</s>", "type_id": 3}}, {"Sequence": {"id": "A", "type_id": 4}}],
    "pair": [{"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "</s>", "type_id": 2}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"</s>": {"id": "</s>", "ids": [6, 6], "tokens": ["</s>", "</s>"]}}})"));
  const Encoding single = t->EncodePair("ab", std::nullopt).value();
  EXPECT_EQ(single.ids, (std::vector<TokenId>{6, 6, 3}));
  EXPECT_EQ(single.type_ids, (std::vector<int32_t>{3, 3, 4}));
  const Encoding pair = t->EncodePair("a", "bb").value();
  EXPECT_EQ(pair.ids, (std::vector<TokenId>{2, 2, 6, 6, 1}));
  EXPECT_EQ(pair.type_ids, (std::vector<int32_t>{1, 1, 2, 2, 0}));
  EXPECT_EQ(t->EncodePair("a", "bb", {.add_special_tokens = false})->type_ids, (std::vector<int32_t>{1, 1, 0}));
  EXPECT_EQ(t->EncodePair("", "").value().ids, (std::vector<TokenId>{6, 6}));
}

}  // namespace
}  // namespace pano::tokenizer
