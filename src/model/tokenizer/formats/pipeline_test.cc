#include "model/tokenizer/pipeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/small_tokenizers.h"

namespace pano::tokenizer {
namespace {

using testing::AddedTokenJson;
using testing::ByteLevelJson;
using testing::FromJson;

// Pieces separated by '|'.
std::string Pieces(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
  Result<std::vector<TokenId>> ids = tokenizer.Encode(text, options);
  if (!ids.ok()) return ids.status().message();
  std::string out;
  for (TokenId id : *ids) out += StrCat(out.empty() ? "" : "|", tokenizer.Bytes(id));
  return out;
}

TokenizerPtr WithTokens() {
  json::Value single_word, strips, normalized;
  single_word.Set("single_word", true);
  strips.Set("lstrip", true);
  strips.Set("rstrip", true);
  normalized.Set("normalized", true);
  json::Value more;
  more.Set("normalizer", json::Object{{"type", "Lowercase"}});
  return FromJson(ByteLevelJson({{"a", "b"}},
                            {AddedTokenJson(300, "<s>", true), AddedTokenJson(301, "<|User|>", false),
                             AddedTokenJson(302, "<b>", false), AddedTokenJson(303, "word", false, single_word),
                             AddedTokenJson(304, "[M]", false, strips), AddedTokenJson(305, "<s><s>", true),
                             AddedTokenJson(306, "NORM", false, normalized),
                             AddedTokenJson(307, "[SYS]", true, normalized)},
                            more));
}

TEST(Pipeline, FindsTheLongestAddedTokenFirst) {
  const TokenizerPtr t = WithTokens();
  EXPECT_EQ(Pieces(*t, "ab<s><s><s>b"), "ab|<s><s>|<s>|b");
  EXPECT_EQ(Pieces(*t, "<s"), "<|s");
}

TEST(Pipeline, StripsAndWholeWords) {
  const TokenizerPtr t = WithTokens();
  EXPECT_EQ(Pieces(*t, "a \u3000[M]\n b"), "a|[m]|b");
  EXPECT_EQ(Pieces(*t, "word words aword é-word"), "word| |w|o|r|d|s| |a|w|o|r|d| |\xc3|\xa9|-|word");
  EXPECT_EQ(Pieces(*t, "wordé"), "w|o|r|d|\xc3|\xa9");
}

TEST(Pipeline, NormalizedTokensAreFoundInNormalizedText) {
  const TokenizerPtr t = WithTokens();
  EXPECT_EQ(t->Encode("a nOrM").value().back(), 306);
  EXPECT_EQ(t->Encode("<S>").value().size(), 3u);
}

TEST(Pipeline, ParseSpecialFalseKeepsOnlyFlaggedTokensAsText) {
  const TokenizerPtr t = WithTokens();
  EXPECT_EQ(Pieces(*t, "<s><b>", {.parse_special = false}), "<|s|>|<b>");
}

// A chat of 4,000 messages took 33 s of processor time: the text was normalised anew up to each end.
TEST(Pipeline, ManyPlainRangesAreLinear) {
  const TokenizerPtr t = WithTokens();
  std::string text;
  std::vector<ByteRange> plain;
  for (size_t i = 0; i < 100'000; ++i) {
    text += "[SYS]";
    plain.push_back({text.size(), text.size() + 8});
    text += "[SYS]abc<s>";   // of the user's the first and a part of the second
  }
  const Result<std::vector<TokenId>> ids = t->Encode(text, {.plain = plain});
  ASSERT_TRUE(ids.ok()) << ids.status().message();
  EXPECT_EQ(std::count(ids->begin(), ids->end(), 307), 100'000);
  EXPECT_EQ(std::count(ids->begin(), ids->end(), 300), 100'000);
}

TEST(Pipeline, PlainRangesHoldNoMarkers) {
  const TokenizerPtr t = WithTokens();
  const std::string text = "<s>x<s><|User|><b></s>";
  const ByteRange user[] = {{3, text.size()}};
  EXPECT_EQ(Pieces(*t, text, {.plain = user}), "<s>|x|<|s|>|<|||u|s|e|r|||>|<b>|<|/|s|>");
  // A token that lies partly inside is text as well; the shorter one outside still counts.
  const ByteRange second[] = {{3, 6}};
  EXPECT_EQ(Pieces(*t, "<s><s>", {.plain = second}), "<s>|<|s|>");
  const ByteRange part[] = {{1, 2}};
  EXPECT_EQ(Pieces(*t, "<s>", {.plain = part}), "<|s|>");
  EXPECT_EQ(Pieces(*t, "[SYS]"), "[sys]");   // normalised ones come out normalised
  const ByteRange upper[] = {{1, 7}};
  EXPECT_EQ(Pieces(*t, "x[SYS]y", {.plain = upper}), "x|[|s|y|s|]|y");
}

TEST(Pipeline, RefusesRangesOutsideTheText) {
  const TokenizerPtr t = WithTokens();
  const ByteRange outside[] = {{0, 9}};
  const ByteRange crossed[] = {{2, 3}, {0, 1}};
  EXPECT_EQ(t->Encode("abc", {.plain = outside}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(t->Encode("abc", {.plain = crossed}).status().code(), StatusCode::kInvalidArgument);
}

TEST(Pipeline, IllFormedTextIsReplaced) {
  const TokenizerPtr t = WithTokens();
  const ByteRange user[] = {{2, 5}};
  EXPECT_EQ(Pieces(*t, "\xff\xff<s>", {.plain = user}), "\xef|\xbf|\xbd|\xef|\xbf|\xbd|<|s|>");
  EXPECT_EQ(t->Decode(t->Encode("a\xe4\xbd").value(), false).value(), "a\xef\xbf\xbd");
}

TEST(Pipeline, MarkersAreSpecialOrLookLikeMarkup) {
  const auto marker = [](std::string content, bool special = false) {
    AddedToken token;
    token.content = std::move(content);
    token.special = special;
    return IsMarker(token);
  };
  EXPECT_TRUE(marker("x", true));
  for (const char* text : {"<|User|>", "<tool_call>", "</tool_call>", "<start_of_turn>", "[INST]", "[/INST]",
                           "<\uff5cUser\uff5c>", "<0x0A>"}) {
    EXPECT_TRUE(marker(text)) << text;
  }
  for (const char* text : {"\n\n", "  ", "hello", "<b>", "</table>", "<h1>", "<", "[]", "<>"}) {
    EXPECT_FALSE(marker(text)) << text;
  }
}

TEST(Pipeline, DecodeChecksIds) {
  const TokenizerPtr t = WithTokens();
  const TokenId gap[] = {'h', 299};
  EXPECT_TRUE(t->Decode(gap, false).ok());   // an id without a piece gives nothing
  for (TokenId bad : {-1, 308, INT32_MAX, INT32_MIN}) {
    const TokenId ids[] = {bad};
    EXPECT_EQ(t->Decode(ids, false).status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(t->Stream(false)->Push(bad), "");
    EXPECT_EQ(t->Piece(bad), "");
    EXPECT_EQ(t->Bytes(bad), "");
    EXPECT_FALSE(t->IsSpecial(bad));
  }
}

TEST(Pipeline, LongTextsAreNotQuadratic) {
  const TokenizerPtr byte_level = FromJson(ByteLevelJson({{"a", "a"}, {"aa", "aa"}}));
  const Result<TokenizerPtr> scored =
      TokenizerFromGguf(testing::ScoredGguf({"a", "aa", "aaaa", "\u2581", "\u2581\u2581"}));
  ASSERT_TRUE(scored.ok());
  std::string emoji;
  while (emoji.size() < (1u << 20)) emoji += "\U0001F600";
  for (const std::string& text : {std::string(1 << 20, 'a'), std::string(1 << 20, ' '), emoji}) {
    for (const TokenizerPtr& t : {byte_level, *scored}) {
      const Result<std::vector<TokenId>> ids = t->Encode(text, {.add_special_tokens = false});
      ASSERT_TRUE(ids.ok()) << ids.status().message();
      EXPECT_EQ(t->Decode(*ids, false).value(), text);
    }
  }
}

}  // namespace
}  // namespace pano::tokenizer
