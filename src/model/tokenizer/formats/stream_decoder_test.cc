#include "model/tokenizer/stream_decoder.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/formats/testing/small_tokenizers.h"

namespace pano::tokenizer {
namespace {

// Random ids, ill-formed bytes included: every piece is well-formed, nothing is lost.
TEST(StreamDecoder, PiecesConcatenateToTheWhole) {
  const Result<TokenizerPtr> tokenizer =
      TokenizerFromJson(testing::ByteLevelJson({{"a", "b"}}), json::Value());
  ASSERT_TRUE(tokenizer.ok());
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<TokenId> ids;
    for (auto i = random() % 40; i > 0; --i) {
      const auto kind = random() % 4;   // characters in parts, letters, anything
      if (kind == 0) for (int byte : {0xe4, 0xbd, 0xa0}) ids.push_back(byte);
      else if (kind == 1) ids.push_back(static_cast<TokenId>(random() % 256));
      else ids.push_back(static_cast<TokenId>('a' + random() % 26));
    }
    const auto stream = (*tokenizer)->Stream(false);
    std::string text;
    for (TokenId id : ids) {
      const std::string piece = stream->Push(id);
      EXPECT_TRUE(Utf8Valid(piece));
      text += piece;
    }
    text += stream->Flush();
    EXPECT_EQ(text, (*tokenizer)->Decode(ids, false).value());
  }
}

TEST(StreamDecoder, DoesNotHoldEndlessGarbage) {
  const Result<TokenizerPtr> tokenizer =
      TokenizerFromJson(testing::ByteLevelJson({}), json::Value());
  ASSERT_TRUE(tokenizer.ok());
  const auto stream = (*tokenizer)->Stream(false);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += stream->Push(0x80);
  EXPECT_GT(text.size(), 2000u);
}

}  // namespace
}  // namespace pano::tokenizer
