#include "app/models/text_row.h"

#include <gtest/gtest.h>

#include "app/models/testing/fake_predictor.h"
#include "app/models/testing/fake_tokenizer.h"

namespace pano::models {
namespace {

// Texts of 8 tokens; a byte is a token, "<s>" (256) stands before a text.
std::unique_ptr<Predictor> MakeVersion(bool tokenizer = true) {
  auto version = std::make_unique<Predictor>();
  version->context_length = 8;
  if (tokenizer) version->tokenizer = std::make_shared<testing::FakeTokenizer>();
  version->predictor = std::make_unique<testing::FakePredictor>(
      std::make_unique<batch::testing::FakeEncoder>(encoder::Task::kEmbedding));
  return version;
}

TEST(TextRow, HasItsSpecialTokens) {
  encoder::TextRow row;
  ASSERT_TRUE(EncodeRow(*MakeVersion(), "ab", {}, /*truncate=*/false, row).ok());
  EXPECT_EQ(row.ids, (std::vector<nn::TokenId>{256, 'a', 'b'}));
}

TEST(TextRow, WhatIsTooLongIsRefusedOrCut) {
  encoder::TextRow row;
  Status status = EncodeRow(*MakeVersion(), "0123456789", {}, /*truncate=*/false, row);
  EXPECT_EQ(status.reason(), "context_length_exceeded");
  EXPECT_EQ(status.message(), "This model's maximum context length is 8 tokens, and the text has 11");
  ASSERT_TRUE(EncodeRow(*MakeVersion(), "0123456789", {}, /*truncate=*/true, row).ok());
  EXPECT_EQ(row.ids, (std::vector<nn::TokenId>{256, '0', '1', '2', '3', '4', '5', '6'}));

  std::unique_ptr<Predictor> version = MakeVersion();
  version->text_bytes_max = 8;
  status = EncodeRow(*version, std::string(17, 'a'), {}, /*truncate=*/false, row);
  EXPECT_EQ(status.message(), "This model's maximum context length is 8 tokens, and the text has 17 bytes");
}

TEST(TextRow, GivenIdsAreCutAtTheirEndWithTheirLists) {
  encoder::TextRow row{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, {}};
  EXPECT_EQ(FinishRow(*MakeVersion(), /*truncate=*/false, row).reason(), "context_length_exceeded");
  ASSERT_TRUE(FinishRow(*MakeVersion(), /*truncate=*/true, row).ok());
  EXPECT_EQ(row.ids.size(), 8u);
  EXPECT_EQ(row.mask.size(), 8u);
  row.ids = {5000};
  row.mask = {};
  EXPECT_FALSE(FinishRow(*MakeVersion(), /*truncate=*/false, row).ok());
}

TEST(TextRow, NeedsATokenizerForTexts) {
  encoder::TextRow row;
  Status status = EncodeRow(*MakeVersion(/*tokenizer=*/false), "ab", {}, /*truncate=*/false, row);
  EXPECT_EQ(status.reason(), "no_tokenizer");
}

TEST(Predictor, SaysWhatItTakesAndGives) {
  EXPECT_EQ(MakeVersion()->input_form(), InputForm::kText);
  EXPECT_EQ(MakeVersion(/*tokenizer=*/false)->input_form(), InputForm::kTokenIds);
  ModelCard card = MakeVersion()->Card();
  EXPECT_EQ(card.task, "embedding");
  EXPECT_EQ(card.embedding_size, 2);
  EXPECT_EQ(card.pooling, "mean");
  EXPECT_EQ(card.outputs, (std::vector<std::string>{"last_hidden_state", "sentence_embedding"}));
}

}  // namespace
}  // namespace pano::models
