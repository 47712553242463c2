#include "model/train/bpe_trainer.h"

#include <gtest/gtest.h>

#include <set>

#include "base/strings.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::train {
namespace {

const Stories kStories = {
    "low low low low low lower lower newest newest newest newest newest newest",
    "widest widest widest"};

tokenizer::TokenizerPtr Tokenizer(const BpeVocabulary& vocabulary) {
  auto made =
      tokenizer::TokenizerFromJson(json::Dump(TokenizerJson(vocabulary)), TokenizerConfigJson(64));
  EXPECT_TRUE(made.ok()) << made.error().ToString();
  return made.ok() ? *made : nullptr;
}

TEST(TrainBpe, MergesTheMostFrequentPairFirstThenTheLowerIds) {
  auto vocabulary = TrainBpe(kStories, 263);
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.error().ToString();
  std::vector<std::string> learnt(vocabulary->bytes.begin() + 257, vocabulary->bytes.end());
  // "es" and "st" occur 9 times each, 'e' has the lower id; " n" and " low" 6 times.
  EXPECT_EQ(learnt, (std::vector<std::string>{"es", "est", "lo", "low", " n", " low"}));
}

TEST(TrainBpe, StopsWhenNoPairRepeats) {
  auto vocabulary = TrainBpe({"ab ab"}, 4096);
  ASSERT_TRUE(vocabulary.ok());
  EXPECT_EQ(vocabulary->size(), 258u);  // "ab" occurs twice, " ab" once
}

TEST(TrainBpe, EntriesAreUnique) {
  auto vocabulary =
      TrainBpe({"aaaa aaa aaaa aaaaa aaaaaa aaaaaaa aaaaaaaa abc abc bc bcd abcd ab"}, 300);
  ASSERT_TRUE(vocabulary.ok());
  std::set<std::string> seen(vocabulary->bytes.begin(), vocabulary->bytes.end());
  EXPECT_EQ(seen.size(), vocabulary->size());
}

TEST(TrainBpe, RefusesImpossibleSizes) {
  EXPECT_EQ(TrainBpe(kStories, 256).error().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(TrainBpe(kStories, 1 << 20).error().code(), StatusCode::kInvalidArgument);
}

TEST(TokenizerJson, IsReadAndBeginsTextsWithTheEndToken) {
  auto vocabulary = TrainBpe(kStories, 270);
  ASSERT_TRUE(vocabulary.ok());
  tokenizer::TokenizerPtr tokenizer = Tokenizer(*vocabulary);
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->bos(), kEndTokenId);
  EXPECT_EQ(tokenizer->eos(), kEndTokenId);
  EXPECT_EQ(tokenizer->vocab_size(), static_cast<int32_t>(vocabulary->size()));
  auto ids = tokenizer->Encode("low");
  ASSERT_TRUE(ids.ok());
  ASSERT_EQ(ids->size(), 2u);
  EXPECT_EQ((*ids)[0], kEndTokenId);
  EXPECT_EQ(vocabulary->bytes[static_cast<size_t>((*ids)[1])], "low");
}

TEST(TokenizerJson, AnyTextComesBack) {
  auto vocabulary = TrainBpe(kStories, 280);
  ASSERT_TRUE(vocabulary.ok());
  tokenizer::TokenizerPtr tokenizer = Tokenizer(*vocabulary);
  ASSERT_TRUE(tokenizer);
  for (std::string_view text :
       {"lowest newer", " two  spaces\n\n\ttab", "caf\u00e9 \u4f60\u597d \U0001F600", "'tis 12"}) {
    auto ids = tokenizer->Encode(text);
    ASSERT_TRUE(ids.ok());
    auto back = tokenizer->Decode(*ids, true);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, text);
  }
}

}  // namespace
}  // namespace pano::train
