#include "app/api/schema.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace pano::api {
namespace {

Refusal Read(std::string_view text, BodyKind body, Parameters& parameters,
             Unknown unknown = Unknown::kIgnore) {
  return ReadFields(json::Parse(text).value(), body, unknown, parameters);
}

TEST(Schema, StoresWhatFits) {
  Parameters p;
  ASSERT_FALSE(Read(R"({"max_tokens":3.0,"temperature":0,"stop":"x","logit_bias":{"5":2},"top_k":-1,
                        "seed":-9,"logprobs":20,"stop_token_ids":[1,2]})",
                    kPredictParameters, p, Unknown::kRefuse));
  EXPECT_EQ(p.max_tokens, 3);
  EXPECT_EQ(p.temperature, 0.0);
  EXPECT_EQ(p.stop, std::vector<std::string>{"x"});
  EXPECT_EQ(p.logit_bias.at(5), 2.0f);
  EXPECT_EQ(p.top_k, 0);
  EXPECT_EQ(p.seed, -9);
  EXPECT_EQ(p.logprobs, 20);
  EXPECT_EQ(p.stop_token_ids.size(), 2u);
}

TEST(Schema, NullIsAbsent) {
  Parameters p;
  EXPECT_FALSE(Read(R"({"max_tokens":null,"stop":null,"logit_bias":null})", kPredictParameters, p));
  EXPECT_FALSE(p.max_tokens);
  Refusal refusal = Read(R"({"inputs":null})", kPredictBody, p);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->message, "'inputs' is missing");
}

TEST(Schema, NamesWhatDoesNotFit) {
  struct Case {
    const char* body;
    const char* param;
    const char* message;
  };
  const Case cases[] = {
      {R"({"max_tokens":0})", "max_tokens",
       "'max_tokens' must be an integer from 1 to 16777216, not 0"},
      {R"({"max_tokens":1.5})", "max_tokens",
       "'max_tokens' must be an integer from 1 to 16777216, not 1.5"},
      {R"({"max_tokens":"3"})", "max_tokens",
       "'max_tokens' must be an integer from 1 to 16777216, not string"},
      {R"({"max_tokens":1e300})", "max_tokens", nullptr},
      {R"({"temperature":-0.1})", "temperature",
       "'temperature' must be a number from 0 to 2, not -0.1"},
      {R"({"temperature":true})", "temperature", nullptr},
      {R"({"top_p":1.01})", "top_p", nullptr},
      {R"({"logprobs":21})", "logprobs", nullptr},
      {R"({"logprobs":true})", "logprobs", nullptr},
      {R"({"stop":""})", "stop", nullptr},
      {R"({"stop":["a",""]})", "stop", nullptr},
      {R"({"stop":5})", "stop", nullptr},
      {R"({"stop":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"]})",
       "stop", nullptr},
      {R"({"stop_token_ids":[-1]})", "stop_token_ids", nullptr},
      {R"({"stop_token_ids":[4294967296]})", "stop_token_ids", nullptr},
      {R"({"logit_bias":{"x":1}})", "logit_bias", "'logit_bias': 'x' is no token id"},
      {R"({"logit_bias":{"1":101}})", "logit_bias", nullptr},
      {R"({"logit_bias":{"-1":1}})", "logit_bias", nullptr},
      {R"({"logit_bias":[1]})", "logit_bias", nullptr},
      {R"({"ignore_eos":1})", "ignore_eos", "'ignore_eos' must be true or false, not 1"},
      {R"({"n":0})", "n", nullptr},
      {R"({"timeout_ms":0})", "timeout_ms", nullptr},
      {R"({"echo":true})", "echo", "unknown field 'echo'"},  // completions alone
      {R"([])", "", "a JSON object is needed, not array"},
  };
  for (const Case& c : cases) {
    Parameters p;
    Refusal refusal = Read(c.body, kPredictParameters, p, Unknown::kRefuse);
    ASSERT_TRUE(refusal) << c.body;
    EXPECT_EQ(refusal->HttpStatus(), 400);
    EXPECT_EQ(refusal->param, c.param) << c.body;
    if (c.message) {
      EXPECT_EQ(refusal->message, c.message);
    }
  }
}

TEST(Schema, TheSameNameMayDifferBetweenBodies) {
  Parameters p;
  EXPECT_FALSE(Read(R"({"messages":[],"logprobs":true})", kChatBody, p));
  EXPECT_TRUE(p.chat_logprobs);
  EXPECT_TRUE(Read(R"({"messages":[],"logprobs":3})", kChatBody, p));
  EXPECT_FALSE(Read(R"({"logprobs":3,"max_tokens":0})", kCompletionBody, p));
  EXPECT_EQ(p.logprobs, 3);
}

TEST(Schema, NoFieldStandsTwiceForOneBody) {
  for (const Field& a : Fields()) {
    for (const Field& b : Fields()) {
      bool twice = &a != &b && a.name == b.name && (a.bodies & b.bodies);
      EXPECT_FALSE(twice) << a.name;
    }
    EXPECT_LE(a.min, a.max) << a.name;
    EXPECT_FALSE(a.help.empty()) << a.name;
  }
}

}  // namespace
}  // namespace pano::api
