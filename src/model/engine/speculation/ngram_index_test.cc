#include "model/engine/speculation/ngram_index.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"

namespace pano::engine {
namespace {

using Tokens = std::vector<TokenId>;

Tokens Proposed(NgramIndex& index, const Tokens& tokens, size_t count) {
  Tokens draft;
  index.Propose(tokens, count, draft);
  return draft;
}

// The same by looking through everything.
Tokens Naive(const Tokens& tokens, size_t count) {
  for (size_t n = NgramIndex::kLongest; n >= NgramIndex::kShortest; --n) {
    if (n >= tokens.size()) continue;
    for (size_t end = tokens.size() - 1; end >= n; --end) {
      if (!std::equal(tokens.end() - static_cast<std::ptrdiff_t>(n), tokens.end(),
                      tokens.begin() + static_cast<std::ptrdiff_t>(end - n))) {
        continue;
      }
      Tokens longer = tokens;
      for (size_t i = 0; i < count; ++i) longer.push_back(longer[end + i]);
      return {longer.begin() + static_cast<std::ptrdiff_t>(tokens.size()), longer.end()};
    }
  }
  return {};
}

TEST(NgramIndex, TellsWhatFollowedTheLastTime) {
  NgramIndex index;
  EXPECT_EQ(Proposed(index, {1, 2, 3, 9, 1, 2, 4, 1, 2}, 3), (Tokens{4, 1, 2}));
  // The longer match wins over the later one.
  NgramIndex other;
  EXPECT_EQ(Proposed(other, {5, 1, 2, 3, 9, 1, 2, 4, 5, 1, 2}, 2), (Tokens{3, 9}));
}

TEST(NgramIndex, KnowsNothingOfWhatIsNew) {
  NgramIndex index;
  EXPECT_EQ(Proposed(index, {}, 3), Tokens());
  EXPECT_EQ(Proposed(index, {1}, 3), Tokens());
  EXPECT_EQ(Proposed(index, {1, 1}, 3), Tokens());
  EXPECT_EQ(Proposed(index, {1, 1, 2}, 3), Tokens());
  EXPECT_EQ(Proposed(index, {1, 1, 2, 3, 1}, 3), Tokens());  // one token is no match
}

TEST(NgramIndex, APatternGoesOnWithItself) {
  NgramIndex index;
  EXPECT_EQ(Proposed(index, {7, 7, 7}, 4), (Tokens{7, 7, 7, 7}));
  NgramIndex other;
  EXPECT_EQ(Proposed(other, {1, 2, 3, 1, 2, 3, 1, 2}, 7), (Tokens{3, 1, 2, 3, 1, 2, 3}));
}

TEST(NgramIndex, IsLikeLookingThroughEverything) {
  Random random(1);
  int asked = 0;
  int different = 0;
  for (int round = 0; round < 60; ++round) {
    const uint64_t alphabet = 1 + random.Below(round % 2 == 0 ? 4 : 60);
    const size_t length = random.Below(300);
    NgramIndex index;
    Tokens tokens;
    while (tokens.size() < length) {
      tokens.push_back(static_cast<TokenId>(random.Below(alphabet)));
      if (random.Below(3) == 0) continue;  // several tokens at a time
      const size_t count = 1 + random.Below(8);
      const Tokens got = Proposed(index, tokens, count);
      const Tokens want = Naive(tokens, count);
      ++asked;
      // A bucket that runs over forgets its oldest entry.
      if (got != want) ++different;
      if (!got.empty()) {
        ASSERT_EQ(got.size(), count);
        const Tokens seen = {tokens[tokens.size() - 2], tokens.back(), got[0]};
        ASSERT_NE(std::search(tokens.begin(), tokens.end(), seen.begin(), seen.end()),
                  tokens.end());
      }
      ASSERT_EQ(got.empty() && !want.empty() ? 1 : 0, got.empty() != want.empty());
    }
  }
  EXPECT_GT(asked, 3000);
  EXPECT_LE(different, asked / 200);
}

TEST(NgramIndex, MemoryIsBoundedAndTheLatestStays) {
  NgramIndex index(1024);
  Random random(2);
  Tokens tokens;
  for (int i = 0; i < 20'000; ++i) tokens.push_back(static_cast<TokenId>(random.Below(1000)));
  Proposed(index, tokens, 1);
  EXPECT_EQ(index.entries(), 1024u);
  const Tokens recent(tokens.end() - 40, tokens.end() - 30);
  tokens.insert(tokens.end(), recent.begin(), recent.begin() + 4);
  EXPECT_EQ(Proposed(index, tokens, 6), Tokens(recent.begin() + 4, recent.end()));

  NgramIndex small;
  Proposed(small, {1, 2, 3}, 1);
  EXPECT_LE(small.entries(), 512u);
  Proposed(small, tokens, 1);
  EXPECT_EQ(small.entries(), NgramIndex::kEntriesMax);
}

}  // namespace
}  // namespace pano::engine
