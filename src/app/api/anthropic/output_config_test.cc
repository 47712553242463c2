#include "app/api/anthropic/output_config.h"

#include <gtest/gtest.h>

#include <string>

#include "app/api/anthropic/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/body_checks.h"
#include "base/strings.h"
#include "model/grammar/grammar_matcher.h"

namespace pano::api::anthropic {
namespace {

using testing::At;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

constexpr char kPath[] = "/v1/messages";

std::string Body(std::string_view more) {
  return StrCat(R"({"max_tokens":9,"messages":[{"role":"user","content":"hi"}],)", more, "}");
}

TEST(OutputConfig, ASchemaHoldsTheAnswer) {
  for (const char* more :
       {R"("output_config":{"format":{"type":"json_schema","schema":{"type":"integer"}}})",
        R"("output_format":{"type":"json_schema","schema":{"type":"integer"}})"}) {
    Harness api;
    api.engine->answer = "12";
    const auto exchange = api.Post(kPath, Body(more));
    ASSERT_EQ(exchange->status(), 200) << exchange->body();
    EXPECT_EQ(At(exchange->json(), "content/0/text"), "12");
    ASSERT_TRUE(api.engine->submitted.back().request.grammar) << more;
    grammar::GrammarMatcher matcher(api.engine->submitted.back().request.grammar);
    EXPECT_FALSE(matcher.AcceptBytes("x"));
    EXPECT_TRUE(matcher.AcceptBytes("12") && matcher.IsAccepting());
  }
}

TEST(OutputConfig, WhatAsksForNothingHoldsNothing) {
  Harness api;
  api.engine->answer = "x";
  for (const char* more : {R"("output_config":{})", R"("output_config":null,"output_format":null)",
                           R"("output_config":{"format":null,"effort":"max"})"}) {
    EXPECT_EQ(api.Post(kPath, Body(more))->status(), 200) << more;
    EXPECT_FALSE(api.engine->submitted.back().request.grammar) << more;
  }
}

TEST(OutputConfig, WhatIsWrongIsNamed) {
  Harness api;
  const auto error = [&](std::string body) {
    const auto exchange = api.Post(kPath, std::move(body));
    EXPECT_EQ(exchange->status(), 400) << exchange->body();
    return exchange->body();
  };
  for (
      const auto& [more, what] :
      {std::pair(R"("output_config":{"format":{"type":"text"}})",
                 "'output_config.format.type' must be"),
       std::pair(R"("output_config":{"format":[]})", "'output_config.format' must be an object"),
       std::pair(R"("output_format":{"type":"json_schema"})",
                 "'output_format.schema' must be a JSON Schema"),
       std::pair(R"("output_format":{"type":"json_schema","schema":{},"strict":true})",
                 "'output_format.strict' is not"),
       std::pair(R"("output_config":{"effort":"huge"})", "'output_config.effort' must be low"),
       std::pair(R"("output_config":{"task_budget":{}})",
                 "'output_config.task_budget' is not supported here"),
       std::pair(
           R"("output_config":{"format":{"type":"json_schema","schema":{}}},"output_format":{"type":"json_schema","schema":{}})",
           "one is allowed"),
       std::pair(R"("output_format":{"type":"json_schema","schema":{"not":{"minLength":"x"}}})",
                 "output_format.schema")}) {
    const std::string body = error(Body(more));
    EXPECT_NE(body.find(what), std::string::npos) << more << "\n" << body;
  }
  EXPECT_NE(
      error(R"({"max_tokens":9,"output_format":{"type":"json_schema","schema":{}},"messages":[)"
            R"({"role":"user","content":"hi"},{"role":"assistant","content":"{"}]})")
          .find("a schema is for whole answers"),
      std::string::npos);
}

}  // namespace
}  // namespace pano::api::anthropic
