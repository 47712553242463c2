#include "model/grammar/token_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/grammar/token_trie.h"

namespace pano::grammar {
namespace {

// The tokens of a trie by walking it.
std::multimap<std::string, int32_t> Tokens(const TokenTrie& trie) {
  std::multimap<std::string, int32_t> out;
  std::string path;
  for (uint32_t i = 0; i < trie.node_count(); ++i) {
    const TokenTrie::Node& node = trie.nodes()[i];
    path.resize(node.depth - 1u);
    path.push_back(static_cast<char>(node.byte));
    for (uint32_t t = node.token_begin; t < trie.nodes()[i + 1].token_begin; ++t) {
      out.emplace(path, trie.ids()[t]);
    }
  }
  return out;
}

TEST(TokenTrie, HoldsItsTokensInPreorder) {
  Random random(1);
  std::vector<std::string> texts;
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (uint64_t n = 1 + random.Below(6); n > 0; --n) text.push_back(static_cast<char>(random.Below(4) * 80));
    texts.push_back(text);
  }
  std::vector<TokenTrie::Token> tokens;
  std::multimap<std::string, int32_t> wanted;
  for (size_t i = 0; i < texts.size(); ++i) {
    tokens.push_back({texts[i], static_cast<int32_t>(i), static_cast<uint16_t>(texts[i].size())});
    wanted.emplace(texts[i], static_cast<int32_t>(i));
  }
  const TokenTrie trie(tokens);
  std::multimap<std::string, int32_t> got = Tokens(trie);
  EXPECT_TRUE(std::is_permutation(got.begin(), got.end(), wanted.begin(), wanted.end()));
  for (uint32_t i = 0; i < trie.node_count(); ++i) {
    const TokenTrie::Node& node = trie.nodes()[i];
    uint16_t longest = 0;
    for (uint32_t below = i; below < node.end; ++below) {
      ASSERT_TRUE(below == i || trie.nodes()[below].depth > node.depth);
      if (trie.nodes()[below + 1].token_begin > trie.nodes()[below].token_begin) {
        longest = std::max(longest, trie.nodes()[below].depth);
      }
    }
    ASSERT_EQ(node.chars_below, longest);     // here every byte is a character
    ASSERT_TRUE(node.end == trie.node_count() || trie.nodes()[node.end].depth <= node.depth);
  }
}

TEST(TokenTable, DividesTokensByTheirCharacters) {
  const auto table = *TokenTable::Create(std::vector<std::string>{
      "word", "two words", "\xC3\xA9t\xC3\xA9", "quo\"te", "\n", "\xC3", "", "\\", "_1", "\x7F"});
  ASSERT_EQ(table->parts().size(), 8u);
  ASSERT_EQ(table->short_parts(), 4u);
  EXPECT_EQ(Tokens(table->parts()[0].trie).size(), 2u);
  EXPECT_EQ(Tokens(table->parts()[1].trie).size(), 1u);
  EXPECT_EQ(Tokens(table->parts()[2].trie).size(), 1u);
  EXPECT_EQ(Tokens(table->parts()[3].trie).size(), 5u);
  EXPECT_EQ(table->parts()[2].chars_max, 3);
  for (size_t p = 4; p < 8; ++p) EXPECT_EQ(table->parts()[p].trie.node_count(), 0u);
  EXPECT_EQ(table->vocab_size(), 10);
  EXPECT_EQ(table->Bytes(1), "two words");
  EXPECT_EQ(table->Bytes(6), "");
  EXPECT_EQ(table->Bytes(-1), "");
  EXPECT_EQ(table->Bytes(10), "");
}

TEST(TokenTable, MasksOfLengthsGrow) {
  std::vector<std::string> tokens;
  for (size_t n = 1; n <= 50; ++n) tokens.push_back(std::string(n, 'a'));
  const auto table = *TokenTable::Create(tokens);
  const auto count = [](const std::vector<uint32_t>& mask) {
    int bits = 0;
    for (uint32_t word : mask) bits += __builtin_popcount(word);
    return bits;
  };
  const TokenTable::Part& small = table->parts()[0];
  ASSERT_EQ(small.chars_max, 24);
  for (size_t n = 1; n <= 24; ++n) EXPECT_EQ(count(small.allowed_up_to[n - 1]), static_cast<int>(n));
  const TokenTable::Part& large = table->parts()[4];
  ASSERT_EQ(large.chars_max, 50);
  for (size_t n = 1; n < large.allowed_up_to.size(); ++n) {
    EXPECT_EQ(count(large.allowed_up_to[n - 1]), std::max(0, static_cast<int>(n) - 24));
  }
  EXPECT_EQ(count(large.allowed_up_to.back()), 26);
}

TEST(TokenTable, AnEmptyVocabularyAllowsNothing) {
  const auto table = *TokenTable::Create(std::vector<std::string>{});
  EXPECT_EQ(table->vocab_size(), 0);
  EXPECT_EQ(table->mask_words(), 0u);
}

}  // namespace
}  // namespace pano::grammar
