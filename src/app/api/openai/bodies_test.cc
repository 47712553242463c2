#include "app/api/openai/bodies.h"

#include <gtest/gtest.h>

#include "app/api/testing/body_checks.h"

namespace pano::api::openai {
namespace {

Status Read(std::string_view text, const BodySchema& body, Parameters& parameters) {
  return ReadFields(json::Parse(text).value(), body, parameters);
}

TEST(OpenAiBodies, AreSound) {
  for (const BodySchema* body :
       {&ChatBody(), &CompletionBody(), &StreamOptions(), &EmbeddingsBody()}) {
    testing::ExpectSound(*body);
  }
}

TEST(OpenAiBodies, TheSameNameMayDiffer) {
  Parameters p;
  EXPECT_TRUE(Read(R"({"messages":[],"logprobs":true})", ChatBody(), p).ok());
  EXPECT_TRUE(p.chat_logprobs);
  EXPECT_FALSE(Read(R"({"messages":[],"logprobs":3})", ChatBody(), p).ok());
  EXPECT_TRUE(Read(R"({"logprobs":3,"max_tokens":0})", CompletionBody(), p).ok());
  EXPECT_EQ(p.logprobs, 3);
}

}  // namespace
}  // namespace pano::api::openai
