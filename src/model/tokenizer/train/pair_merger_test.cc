#include "model/tokenizer/train/pair_merger.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "base/random.h"
#include "base/strings.h"

namespace pano::tokenizer {
namespace {

struct Word {
  std::vector<int32_t> ids;
  uint64_t count = 0;
};

// Everything counted from scratch: what the increments must equal.
std::optional<PairMerger::Pair> BestByRecount(const std::vector<Word>& words) {
  std::map<std::pair<int32_t, int32_t>, uint64_t> counts;
  for (const Word& word : words) {
    for (size_t i = 0; i + 1 < word.ids.size(); ++i) counts[{word.ids[i], word.ids[i + 1]}] += word.count;
  }
  std::optional<PairMerger::Pair> best;
  for (const auto& [pair, count] : counts) {
    if (!best || count > best->count) best = {pair.first, pair.second, count};
  }
  return best;
}

void MergeEverywhere(std::vector<Word>& words, const PairMerger::Pair& pair, int32_t id) {
  for (Word& word : words) {
    std::vector<int32_t> out;
    for (size_t i = 0; i < word.ids.size(); ++i) {
      const bool match = i + 1 < word.ids.size() && word.ids[i] == pair.left && word.ids[i + 1] == pair.right;
      out.push_back(match ? id : word.ids[i]);
      if (match) ++i;
    }
    word.ids = std::move(out);
  }
}

TEST(PairMerger, EveryBestPairIsThatOfARecount) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Random random(seed);
    const auto alphabet = 1 + random.Below(4);   // few symbols: many runs and ties
    std::vector<Word> words;
    PairMerger merger;
    for (uint64_t w = 0; w < 20; ++w) {
      Word word;
      word.count = 1 + random.Below(3);
      const uint64_t length = random.Below(30);
      for (uint64_t i = 0; i < length; ++i) word.ids.push_back(static_cast<int32_t>(random.Below(alphabet)));
      ASSERT_TRUE(merger.AddWord(word.ids, word.count).ok());
      words.push_back(std::move(word));
    }
    std::map<std::pair<int32_t, int32_t>, int32_t> ids;
    for (int32_t next = 100;; ++next) {
      const std::optional<PairMerger::Pair> best = merger.Best();
      const std::optional<PairMerger::Pair> recounted = BestByRecount(words);
      ASSERT_EQ(best.has_value(), recounted.has_value()) << "seed " << seed;
      if (!best) break;
      ASSERT_EQ(std::tuple(best->left, best->right, best->count),
                std::tuple(recounted->left, recounted->right, recounted->count))
          << "seed " << seed << ", merge " << next - 100;
      // Now and then two pairs become one id, as when two ways spell one text.
      const bool again = next > 100 && random.Below(8) == 0 && best->left != next - 1 && best->right != next - 1;
      const int32_t id = again ? next - 1 : next;
      merger.Merge(*best, id);
      MergeEverywhere(words, *best, id);
    }
  }
}

TEST(PairMerger, RunsMergeFromTheLeft) {
  PairMerger merger;
  ASSERT_TRUE(merger.AddWord(std::vector<int32_t>{1, 1, 1, 1, 1}, 1).ok());
  std::optional<PairMerger::Pair> best = merger.Best();
  ASSERT_TRUE(best);
  EXPECT_EQ(best->count, 4u);   // overlapping places count
  merger.Merge(*best, 2);       // 2 2 1
  best = merger.Best();
  ASSERT_TRUE(best);
  EXPECT_EQ(std::pair(best->left, best->right), std::pair(2, 1));   // as often as 2 2; the smaller right
}

TEST(PairMerger, WhatWouldBeTooLongDoesNotCount) {
  PairMerger merger(4);
  ASSERT_TRUE(merger.AddWord(std::vector<int32_t>{1, 2, 1, 2, 1, 2}, 1).ok());
  merger.Merge(*merger.Best(), 3);   // 3 3 3: two of them are four characters
  EXPECT_FALSE(merger.Best());
}

// A pass over the word for each merge would take minutes.
TEST(PairMerger, OneEndlessWordIsNoWorse) {
  PairMerger merger;
  Random random(7);
  std::vector<int32_t> ids;
  for (int i = 0; i < 300'000; ++i) ids.push_back(static_cast<int32_t>(random.Below(64)));
  ASSERT_TRUE(merger.AddWord(ids, 1).ok());
  uint64_t last = UINT64_MAX;
  for (int32_t id = 64; id < 2048; ++id) {
    const std::optional<PairMerger::Pair> best = merger.Best();
    ASSERT_TRUE(best);
    EXPECT_LE(best->count, last);
    last = best->count;
    merger.Merge(*best, id);
  }
}

}  // namespace
}  // namespace pano::tokenizer
