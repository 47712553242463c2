#include "model/tokenizer/models/bpe.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/strings.h"

namespace pano::tokenizer {
namespace {

using Merges = std::vector<std::pair<std::string, std::string>>;

Vocabulary Entries(const std::vector<std::string>& pieces) {
  Vocabulary vocabulary;
  for (size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_TRUE(vocabulary.Add(pieces[i], static_cast<int64_t>(i), pieces.size()).ok());
  }
  return vocabulary;
}

std::string Pieces(const BpeModel& model, const Vocabulary& vocabulary, std::string_view text) {
  std::vector<TokenId> ids;
  EXPECT_TRUE(model.Encode(text, ids).ok());
  std::string out;
  for (TokenId id : ids) out += StrCat(out.empty() ? "" : " ", vocabulary.Piece(id));
  return out;
}

TEST(Bpe, MergesTheLowestRankFirstAndTheLeftmostOfEquals) {
  const Vocabulary vocabulary = Entries({"a", "b", "c", "ab", "bc", "aa", "abc"});
  const auto model = BpeModel::FromMerges(
      vocabulary, Merges{{"b", "c"}, {"a", "b"}, {"a", "a"}, {"a", "bc"}}, {});
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(Pieces(**model, vocabulary, "abc"), "abc");
  EXPECT_EQ(Pieces(**model, vocabulary, "abab"), "ab ab");
  EXPECT_EQ(Pieces(**model, vocabulary, "aaa"), "aa a");
  EXPECT_EQ(Pieces(**model, vocabulary, "axb"), "ab");   // without unknown: dropped
}

TEST(Bpe, IgnoresMergesForAWholeEntry) {
  const Vocabulary vocabulary = Entries({"a", "b", "ab", "aba"});
  BpeModel::Options options;
  options.ignore_merges = true;
  const auto model = BpeModel::FromMerges(vocabulary, Merges{{"a", "b"}}, options);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(Pieces(**model, vocabulary, "aba"), "aba");
  EXPECT_EQ(Pieces(**model, vocabulary, "abab"), "ab ab");
}

TEST(Bpe, TextNeverBecomesAnEntryAddedLater) {
  Vocabulary vocabulary = Entries({"a", "b"});
  BpeModel::Options options;
  options.ignore_merges = true;
  const auto model = BpeModel::FromMerges(vocabulary, {}, options);
  ASSERT_TRUE(model.ok());
  ASSERT_TRUE(vocabulary.Add("ab", 2, 3).ok());
  ASSERT_TRUE(vocabulary.Add("x", 3, 4).ok());
  EXPECT_EQ(Pieces(**model, vocabulary, "ab"), "a b");
  EXPECT_EQ(Pieces(**model, vocabulary, "x"), "");
}

TEST(Bpe, UnknownCharactersFallBackToBytesOrUnknown) {
  const Vocabulary vocabulary = Entries({"<unk>", "a", "<0xC3>", "<0xA9>"});
  BpeModel::Options options;
  options.unknown = 0;
  options.byte_fallback = true;
  options.fuse_unknown = true;
  const auto model = BpeModel::FromMerges(vocabulary, {}, options);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(Pieces(**model, vocabulary, "aéa"), "a <0xC3> <0xA9> a");
  EXPECT_EQ(Pieces(**model, vocabulary, "xya中"), "<unk> a <unk>");
  options.fuse_unknown = false;
  const auto apart = BpeModel::FromMerges(vocabulary, {}, options);
  ASSERT_TRUE(apart.ok());
  EXPECT_EQ(Pieces(**apart, vocabulary, "xya"), "<unk> <unk> a");
}

TEST(Bpe, WordPrefixAndSuffix) {
  const Vocabulary vocabulary = Entries({"a", "##b", "##c</w>", "a</w>", "ab", "abc</w>"});
  BpeModel::Options options;
  options.continuing_prefix = "##";
  options.end_suffix = "</w>";
  const auto model = BpeModel::FromMerges(vocabulary, Merges{{"a", "##b"}, {"ab", "##c</w>"}}, options);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(Pieces(**model, vocabulary, "abc"), "abc</w>");
  EXPECT_EQ(Pieces(**model, vocabulary, "a"), "a</w>");
}

TEST(Bpe, RefusesMergesOfUnknownPieces) {
  const Vocabulary vocabulary = Entries({"a", "b", "c", "ab"});
  EXPECT_EQ(BpeModel::FromMerges(vocabulary, Merges{{"a", "x"}}, {}).status().code(), StatusCode::kCorruption);
  EXPECT_EQ(BpeModel::FromMerges(vocabulary, Merges{{"a", "c"}}, {}).status().code(), StatusCode::kCorruption);
}

TEST(Bpe, ScoresMergeTheHighestFirst) {
  // "b" and "d" are no entries: "ab" can still be built, a lone one is unknown.
  const Vocabulary vocabulary = Entries({"<unk>", "a", "c", "ab", "abc", "bc", "abcd"});
  BpeModel::Options options;
  options.unknown = 0;
  const auto model =
      BpeModel::FromScores(vocabulary, {0, -1, -2, -5, -6, -3, -4}, options);
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(Pieces(**model, vocabulary, "abc"), "abc");
  EXPECT_EQ(Pieces(**model, vocabulary, "abcd"), "abcd");
  EXPECT_EQ(Pieces(**model, vocabulary, "bcb"), "bc <unk>");
}

// The short and the long merge are two ways to the same answer.
TEST(Bpe, LongPiecesMergeLikeShortOnes) {
  const Vocabulary vocabulary =
      Entries({"a", "b", "c", "|", "ab", "ba", "aa", "abc", "aab", "baba", "cc", "aaaa", "ccab"});
  const auto model = BpeModel::FromMerges(
      vocabulary,
      Merges{{"a", "b"}, {"a", "a"}, {"b", "a"}, {"ab", "c"}, {"aa", "b"}, {"ba", "ba"}, {"c", "c"}, {"aa", "aa"},
             {"cc", "ab"}},
      {});
  ASSERT_TRUE(model.ok());
  std::mt19937 random(7);
  std::string text;          // words that '|' keeps apart, as nothing merges with it
  std::string expected;
  for (int word = 0; word < 300; ++word) {
    std::string letters;
    for (auto i = random() % 12; i > 0; --i) letters += static_cast<char>('a' + random() % 3);
    text += letters + "|";
    const std::string pieces = Pieces(**model, vocabulary, letters);
    expected += pieces + (pieces.empty() ? "" : " ") + "| ";
  }
  EXPECT_EQ(Pieces(**model, vocabulary, text) + " ", expected);
}

TEST(Vocabulary, RefusesIdsThatCollideOrLie) {
  Vocabulary vocabulary;
  EXPECT_TRUE(vocabulary.Add("a", 5, 2).ok());
  EXPECT_TRUE(vocabulary.Add("a", 5, 2).ok());
  EXPECT_TRUE(vocabulary.Add("b", 2, 2).ok());
  EXPECT_EQ(vocabulary.size(), 6);
  EXPECT_FALSE(vocabulary.Has(3));
  EXPECT_EQ(vocabulary.Piece(3), "");
  for (auto [piece, id] : std::vector<std::pair<const char*, int64_t>>{
           {"a", 6}, {"c", 5}, {"c", -1}, {"c", 1 << 24}, {"c", INT64_MAX}}) {
    EXPECT_EQ(vocabulary.Add(piece, id, 2).code(), StatusCode::kCorruption) << piece << id;
  }
}

}  // namespace
}  // namespace pano::tokenizer
