#include "model/engine/special_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/engine/testing/fake_tokenizer.h"

namespace pano::engine {
namespace {

using ::testing::ElementsAre;

// Ids 0 and 1 of the tokenizer are special, 1 is its end.
Options Set(const nn::SpecialTokens& files, const tokenizer::Tokenizer* tokenizer) {
  Options options;
  SetSpecialTokens(files, tokenizer, options);
  return options;
}

TEST(SpecialTokens, AnAnswerEndsAtEveryEndThatTheFilesName) {
  const FakeTokenizer tokenizer;
  EXPECT_THAT(Set({{}, {5}, {}}, &tokenizer).end_token_ids, ElementsAre(5, 1));
  EXPECT_THAT(Set({{}, {1, 5}, {}}, &tokenizer).end_token_ids, ElementsAre(1, 5));
  EXPECT_THAT(Set({{}, {}, {}}, &tokenizer).end_token_ids, ElementsAre(1));
  EXPECT_THAT(Set({{}, {5}, {6}}, nullptr).end_token_ids, ElementsAre(5, 6));
}

// A config.json that was copied from a model of another vocabulary.
TEST(SpecialTokens, AnOrdinaryPieceIsNoEndBecauseConfigJsonSaysSo) {
  const FakeTokenizer tokenizer;
  EXPECT_THAT(Set({{}, {5}, {0, 7, 99999}}, &tokenizer).end_token_ids, ElementsAre(5, 1, 0));
}

TEST(SpecialTokens, TheBeginningIsTheFilesElseTheTokenizers) {
  const FakeTokenizer tokenizer;
  EXPECT_EQ(Set({7, {}, {}}, &tokenizer).begin_token_id, 7);
  EXPECT_EQ(Set({{}, {}, {}}, &tokenizer).begin_token_id, 0);
  EXPECT_EQ(Set({{}, {}, {}}, nullptr).begin_token_id, std::nullopt);
}

}  // namespace
}  // namespace pano::engine
