#include "model/train/ngram.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace pano::train {
namespace {

std::vector<std::vector<int32_t>> RandomTexts(uint64_t seed) {
  Random random(seed);
  std::vector<std::vector<int32_t>> texts(8);
  for (auto& text : texts) {
    int32_t last = 0;
    for (int i = 0; i < 60; ++i) {
      last = static_cast<int32_t>((static_cast<uint64_t>(last) * 3 + random.Below(3)) % 7);
      text.push_back(last);
    }
    text.push_back(7);
  }
  return texts;
}

TEST(Ngram, ProbabilitiesSumToOneInEveryContext) {
  auto texts = RandomTexts(1);
  for (int order : {1, 2, 3, 5}) {
    NgramModel model = NgramModel::Train(texts, order, 8);
    for (const std::vector<int32_t>& history : {std::vector<int32_t>{},
                                                {0},
                                                {1, 3, 2},
                                                {6, 6, 6, 6, 6, 6},
                                                {7, 7},
                                                {0, 1, 2, 3, 4, 5, 6}}) {
      double sum = 0;
      for (int32_t s = 0; s < 8; ++s) {
        double p = model.Probability(history, s);
        EXPECT_GT(p, 0);
        sum += p;
      }
      EXPECT_NEAR(sum, 1, 1e-12) << "order " << order;
    }
  }
}

TEST(Ngram, BigramByHand) {
  // One text "0 0 1" (1 ends it): bigrams S0 00 01, once each. None occurs twice: D = 0.5.
  NgramModel model = NgramModel::Train(std::vector<std::vector<int32_t>>{{0, 0, 1}}, 2, 2);
  // Unigrams: 0 follows two symbols, 1 follows one. Y = 1 / (1 + 2), D1 = 1 - 2 Y (1 / 1), D2 =
  // 0.5.
  double p0 = (2 - 0.5 + (1.0 / 3 + 0.5) * 0.5) / 3;
  EXPECT_NEAR(model.Probability({}, 0), (1 - 0.5 + 0.5 * p0) / 1, 1e-12);
  std::vector<int32_t> after_zero = {0};
  EXPECT_NEAR(model.Probability(after_zero, 0), (1 - 0.5 + 2 * 0.5 * p0) / 2, 1e-12);
  std::vector<int32_t> after_end = {1};  // never seen as a context
  EXPECT_NEAR(model.Probability(after_end, 0), p0, 1e-12);
}

TEST(Ngram, LearnsWhatRepeats) {
  std::vector<std::vector<int32_t>> texts(20, ByteSymbols("the cat sat on the mat"));
  NgramModel model = NgramModel::Train(texts, 5, kByteSymbolCount);
  double seen = model.Bits(ByteSymbols("the cat sat"));
  double unseen = model.Bits(ByteSymbols("xqz vjk wpf"));
  EXPECT_LT(seen / 11, 2);
  EXPECT_GT(unseen / 11, 6);
  EXPECT_TRUE(std::isfinite(unseen));
}

TEST(Ngram, HigherOrdersHelpOnTextsWithMemory) {
  auto train = RandomTexts(1), held_out = RandomTexts(2);
  auto bits = [&](int order) {
    NgramModel model = NgramModel::Train(train, order, 8);
    double sum = 0;
    for (const auto& text : held_out) sum += model.Bits(text);
    return sum;
  };
  EXPECT_LT(bits(2), 0.8 * bits(1));
}

TEST(Ngram, ByteSymbolsEndWithTheirOwnSymbol) {
  EXPECT_EQ(ByteSymbols("a\xff"), (std::vector<int32_t>{97, 255, 256}));
}

}  // namespace
}  // namespace pano::train
