#include "model/format/gguf_end_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pano::format {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

json::Value Vocabulary(const std::vector<std::string>& tokens, int64_t eos = -1) {
  json::Value out = json::Object();
  json::Array list;
  for (const std::string& token : tokens) list.emplace_back(token);
  out.Set("tokenizer.ggml.tokens", std::move(list));
  if (eos >= 0) out.Set("tokenizer.ggml.eos_token_id", eos);
  return out;
}

// Chats of such files end their turns in a token that no key names.
TEST(GgufEndTokens, KeysThenTheWellKnownTexts) {
  EXPECT_THAT(GgufEndTokens(Vocabulary({"a", "<|end|>", "</s>", "b"}, 2)), ElementsAre(2, 1));
  EXPECT_THAT(GgufEndTokens(Vocabulary({"<end_of_turn>", "<eos>", "<|im_end|>"}, 0)),
              ElementsAre(0, 1, 2));
  EXPECT_THAT(GgufEndTokens(Vocabulary({"a", "b"})), IsEmpty());
  EXPECT_THAT(GgufEndTokens(json::Value()), IsEmpty());

  json::Value keys = Vocabulary({"a", "b", "c", "<|eot_id|>"}, 2);
  keys.Set("tokenizer.ggml.eot_token_id", 1);
  keys.Set("tokenizer.ggml.eom_token_id", int64_t{4294967295});  // "none"
  keys.Set("tokenizer.ggml.fim_sep_token_id", 0);
  EXPECT_THAT(GgufEndTokens(keys), ElementsAre(2, 1, 0, 3));
}

// Harmony ends a message in <|end|> and goes on; the answer ends in <|return|> or <|call|>.
TEST(GgufEndTokens, EndsOfPartsDoNotEndTheAnswer) {
  EXPECT_THAT(GgufEndTokens(Vocabulary({"<|end|>", "<|return|>", "<|call|>"})), ElementsAre(1, 2));
  EXPECT_THAT(GgufEndTokens(Vocabulary({"<|end|>", "<|flush|>", "<|calls|>"})), ElementsAre(1, 2));
  EXPECT_THAT(GgufEndTokens(Vocabulary({"<|end|>", "<|return|>"})), ElementsAre(0, 1));
  EXPECT_THAT(GgufEndTokens(Vocabulary({"</s>", "<|tool_response>"})), ElementsAre(1));
}

TEST(GgufEndTokens, ATextThatStandsTwiceCountsOnce) {
  EXPECT_THAT(GgufEndTokens(Vocabulary({"<|end|>", "x", "<|end|>"})), ElementsAre(0));
}

}  // namespace
}  // namespace pano::format
