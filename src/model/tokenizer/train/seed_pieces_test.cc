#include "model/tokenizer/train/seed_pieces.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"

namespace pano::tokenizer {
namespace {

// By trying all substrings: those that occur twice and are not always followed by the same letter, the
// end of a word counting as one.
std::map<std::string, double> ByHand(const std::vector<CountedWord>& words, size_t longest) {
  std::map<std::string, std::pair<double, std::set<char>>> seen;
  for (const CountedWord& word : words) {
    for (size_t begin = 0; begin < word.text.size(); ++begin) {
      for (size_t length = 2; length <= longest && begin + length <= word.text.size(); ++length) {
        auto& [count, next] = seen[std::string(word.text.substr(begin, length))];
        ++count;
        next.insert(begin + length < word.text.size() ? word.text[begin + length] : '\0');
      }
    }
  }
  std::map<std::string, double> out;
  for (const auto& [text, found] : seen) {
    if (found.first >= 2 && found.second.size() > 1) out[text] = found.first * static_cast<double>(text.size());
  }
  return out;
}

TEST(SeedPieces, AreTheInnerNodesOfTheSuffixTree) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    std::set<std::string> texts;
    for (int i = 0; i < 12; ++i) {
      std::string text;
      for (uint64_t length = 1 + random.Below(30); length > 0; --length) {
        text += static_cast<char>('a' + random.Below(1 + seed % 3));
      }
      texts.insert(text);
    }
    std::vector<CountedWord> words;
    for (const std::string& text : texts) words.push_back({text, 3});
    const size_t longest = 3 + seed % 14;
    std::map<std::string, double> found;
    double last = 1e300;
    for (const ScoredPiece& piece : SeedPieces(words, longest, 100000)) {
      if (piece.text.size() == 1) continue;
      EXPECT_LE(piece.score, last) << "best first";
      last = piece.score;
      found[piece.text] = piece.score;
    }
    EXPECT_EQ(found, ByHand(words, longest)) << "seed " << seed;
  }
}

TEST(SeedPieces, CharactersComeFirstAndTheBestOfTheRestFillUp) {
  const std::vector<CountedWord> words = {{"abab", 2}, {"abc", 5}, {"\u4f60\u597d\u4f60\u597d!", 1}};
  const std::vector<ScoredPiece> all = SeedPieces(words, 16, 100);
  ASSERT_GT(all.size(), 6u);
  EXPECT_EQ(all[0].text, "b");   // 9 times, as 'a'; the larger code point first
  EXPECT_EQ(all[0].score, 9);
  const std::vector<ScoredPiece> some = SeedPieces(words, 16, 7);
  ASSERT_EQ(some.size(), 7u);
  EXPECT_EQ(some[6].text, all[6].text);
}

}  // namespace
}  // namespace pano::tokenizer
