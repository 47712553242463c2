#include "model/tokenizer/text/piece_trie.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

namespace pano::tokenizer {
namespace {

using Found = std::vector<std::pair<size_t, int32_t>>;

Found PrefixesOf(const PieceTrie& trie, std::string_view text) {
  Found found;
  trie.Prefixes(text, [&](size_t length, int32_t value) { found.emplace_back(length, value); });
  return found;
}

TEST(PieceTrie, FindsPrefixesShortestFirst) {
  const Result<PieceTrie> trie = PieceTrie::Build({{"abc", 2}, {"a", 0}, {"ab", 1}, {"b", 3}, {"", 9}, {"a", 7}});
  ASSERT_TRUE(trie.ok());
  EXPECT_EQ(PrefixesOf(*trie, "abcd"), (Found{{1, 0}, {2, 1}, {3, 2}}));   // of equal pieces the first
  EXPECT_EQ(PrefixesOf(*trie, "ab"), (Found{{1, 0}, {2, 1}}));
  EXPECT_EQ(PrefixesOf(*trie, "c"), Found());
  EXPECT_EQ(PrefixesOf(*trie, ""), Found());
}

TEST(PieceTrie, TakesAnyBytes) {
  const std::string zeros("\0\0", 2), high = "\xff\xfe";
  const Result<PieceTrie> trie = PieceTrie::Build({{zeros, 0}, {high, 1}, {std::string_view(high).substr(0, 1), 2}});
  ASSERT_TRUE(trie.ok());
  EXPECT_EQ(PrefixesOf(*trie, std::string("\0\0\0", 3)), (Found{{2, 0}}));
  EXPECT_EQ(PrefixesOf(*trie, "\xff\xfe"), (Found{{1, 2}, {2, 1}}));
}

TEST(PieceTrie, EmptyHasNothingAndLongPiecesAreRefused) {
  const Result<PieceTrie> none = PieceTrie::Build({});
  ASSERT_TRUE(none.ok());
  EXPECT_TRUE(none->empty());
  EXPECT_EQ(PrefixesOf(*none, "a"), Found());
  const std::string longest(PieceTrie::kPieceBytesMax, 'x'), longer(PieceTrie::kPieceBytesMax + 1, 'x');
  EXPECT_TRUE(PieceTrie::Build({{longest, 0}}).ok());
  EXPECT_EQ(PieceTrie::Build({{longer, 0}}).status().code(), StatusCode::kUnimplemented);
}

// Against a search through all pieces, over a small alphabet so that many share beginnings.
TEST(PieceTrie, EqualsAPlainSearch) {
  std::mt19937 random(7);
  auto word = [&](size_t length_max) {
    std::string out;
    for (auto i = 1 + random() % length_max; i > 0; --i) out += static_cast<char>('a' + random() % 3);
    return out;
  };
  std::vector<std::string> pieces;
  for (int i = 0; i < 200; ++i) pieces.push_back(word(6));
  std::vector<std::pair<std::string_view, int32_t>> entries;
  for (size_t i = 0; i < pieces.size(); ++i) entries.emplace_back(pieces[i], static_cast<int32_t>(i));
  const Result<PieceTrie> trie = PieceTrie::Build(entries);
  ASSERT_TRUE(trie.ok());
  for (int round = 0; round < 500; ++round) {
    const std::string text = word(8);
    Found want;
    for (size_t length = 1; length <= text.size(); ++length) {
      for (size_t i = 0; i < pieces.size(); ++i) {
        if (pieces[i] != text.substr(0, length)) continue;
        want.emplace_back(length, static_cast<int32_t>(i));
        break;
      }
    }
    EXPECT_EQ(PrefixesOf(*trie, text), want) << text;
  }
}

}  // namespace
}  // namespace pano::tokenizer
