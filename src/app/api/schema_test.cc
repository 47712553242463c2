#include "app/api/schema.h"

#include <gtest/gtest.h>

#include "app/api/fields.h"
#include "app/api/testing/body_checks.h"
#include "base/strings.h"

namespace pano::api {
namespace {

// How to generate, as dialects take it, and nothing else.
const BodySchema& Generating() {
  static const BodySchema body{JoinFields({std::span(&kMaxTokensField, 1), SamplingFields(),
                                           std::span(&kLogprobsField, 1), AnswerFields()}),
                               /*closed=*/true};
  return body;
}

Status Read(std::string_view text, const BodySchema& body, Parameters& parameters) {
  return ReadFields(json::Parse(text).value(), body, parameters);
}

TEST(Schema, StoresWhatFits) {
  Parameters p;
  ASSERT_TRUE(Read(R"({"max_tokens":3.0,"temperature":0,"stop":"x","logit_bias":{"5":2},"top_k":-1,
                        "seed":-9,"logprobs":20,"stop_token_ids":[1,2]})",
                   Generating(), p)
                  .ok());
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
  EXPECT_TRUE(Read(R"({"max_tokens":null,"stop":null,"logit_bias":null})", Generating(), p).ok());
  EXPECT_FALSE(p.max_tokens);
  Field needed = kModelField;
  needed.required = true;
  EXPECT_EQ(Read(R"({"model":null})", BodySchema{{needed}}, p).message(), "'model' is missing");
}

TEST(Schema, SaysWhatMayHaveBeenMeant) {
  Parameters p;
  BodySchema closed = Generating();
  closed.closed = true;
  EXPECT_EQ(Read(R"({"max_token":3})", closed, p).message(),
            "unknown field 'max_token'; did you mean 'max_tokens'?");
  EXPECT_EQ(Read(R"({"frobnicate":3})", closed, p).message(), "unknown field 'frobnicate'");
  Field needed = kModelField;
  needed.required = true;
  EXPECT_EQ(Read(R"({"x":1,"Modell":"a"})", BodySchema{{needed}}, p).message(),
            "'model' is missing; did you mean it by 'Modell'?");
  std::string many = "{";
  for (int i = 0; i < 1000; ++i) many += StrCat("\"k", i, "\":0,");
  EXPECT_EQ(Read(many + R"("modell":"a"})", BodySchema{{needed}}, p).message(),
            "'model' is missing");
}

TEST(Schema, NamesWhatDoesNotFit) {
  struct Case {
    const char* body;
    const char* field;
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
    Status status = Read(c.body, Generating(), p);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << c.body;
    EXPECT_EQ(status.field(), c.field) << c.body;
    if (c.message) {
      EXPECT_EQ(status.message(), c.message);
    }
  }
}

TEST(Schema, OthersAreRefusedOnlyWhereTheBodyIsClosed) {
  const BodySchema open{{kModelField}};
  Parameters p;
  EXPECT_TRUE(Read(R"({"model":"m","whatever":1})", open, p).ok());
  EXPECT_EQ(Read(R"({"whatever":1})", BodySchema{{kModelField}, true}, p).field(), "whatever");
  EXPECT_EQ(SchemaOf(open).Find("additionalProperties"), nullptr);
  EXPECT_EQ(*SchemaOf(Generating()).Find("additionalProperties"), json::Value(false));
}

TEST(Schema, CommonFieldsAreSound) {
  testing::ExpectSound(Generating());
  testing::ExpectSound(BodySchema{JoinFields({RowFields()})});
}

}  // namespace
}  // namespace pano::api
