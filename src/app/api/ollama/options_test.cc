#include "app/api/ollama/options.h"

#include <gtest/gtest.h>

#include <limits>

#include "app/api/ollama/bodies.h"
#include "app/api/testing/body_checks.h"

namespace pano::api::ollama {
namespace {

struct Read {
  Status status;
  Parameters parameters;
  std::optional<int64_t> context;
};

Read Of(std::string_view text) {
  Read read;
  read.status = ReadOptions(json::Parse(text).value(), read.parameters, read.context);
  return read;
}

TEST(OllamaOptions, BodiesAreSound) {
  for (const BodySchema* body :
       {&ChatBody(), &GenerateBody(), &EmbedBody(), &EmbeddingsBody(), &ShowBody(), &OptionsBody()}) {
    testing::ExpectSound(*body);
  }
}

TEST(OllamaOptions, BecomeParameters) {
  const Read read = Of(R"({"num_predict":12,"temperature":0,"top_k":40,"top_p":0.9,"min_p":0.1,"typical_p":0.7,"seed":7,
      "stop":["a","b"],"repeat_penalty":1.2,"repeat_last_n":-1,"presence_penalty":0.5,"frequency_penalty":0.25,
      "num_ctx":2048,"num_gpu":1,"num_thread":8,"mirostat":0,"tfs_z":1.0,"penalize_newline":true})");
  ASSERT_TRUE(read.status.ok()) << read.status.message();
  const Parameters& p = read.parameters;
  EXPECT_EQ(p.max_tokens, 12);
  EXPECT_EQ(p.temperature, 0);
  EXPECT_EQ(p.top_k, 40);
  EXPECT_EQ(p.top_p, 0.9);
  EXPECT_EQ(p.min_p, 0.1);
  EXPECT_EQ(p.typical_p, 0.7);
  EXPECT_EQ(p.seed, 7);
  EXPECT_EQ(p.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(p.repetition_penalty, 1.2);
  EXPECT_EQ(p.presence_penalty, 0.5);
  EXPECT_EQ(p.frequency_penalty, 0.25);
  EXPECT_EQ(read.context, 2048);
}

TEST(OllamaOptions, NoLimitIsWhatIsLeftOfTheContext) {
  for (const char* text : {R"({"num_predict":-1})", R"({"num_predict":-2})", R"({"num_predict":0})", "{}"}) {
    EXPECT_FALSE(Of(text).parameters.max_tokens) << text;
  }
  EXPECT_FALSE(Of(R"({"num_ctx":0})").context);
}

TEST(OllamaOptions, APenaltyWithoutAWindowIsNone) {
  const Read read = Of(R"({"repeat_penalty":1.3,"repeat_last_n":0})");
  ASSERT_TRUE(read.status.ok());
  EXPECT_EQ(read.parameters.repetition_penalty, 1);
  // Without a penalty its window does not matter: interfaces send all their defaults.
  EXPECT_TRUE(Of(R"({"repeat_penalty":1.0,"repeat_last_n":64,"penalize_newline":false})").status.ok());
}

TEST(OllamaOptions, WhatWouldChangeTheAnswerIsRefusedByName) {
  for (const auto& [text, field] : std::initializer_list<std::pair<const char*, const char*>>{
           {R"({"mirostat":1})", "options.mirostat"},
           {R"({"tfs_z":0.5})", "options.tfs_z"},
           {R"({"repeat_penalty":1.1,"repeat_last_n":64})", "options.repeat_last_n"},
           {R"({"repeat_penalty":1.1,"penalize_newline":false})", "options.penalize_newline"},
           {R"({"tempurature":1})", "options.tempurature"},
           {R"({"temperature":9})", "options.temperature"},
           {R"({"num_predict":"many"})", "options.num_predict"}}) {
    EXPECT_EQ(Of(text).status.field(), field) << text;
  }
}

}  // namespace
}  // namespace pano::api::ollama
