#include "app/api/kserve/generate.h"

#include <gtest/gtest.h>

#include "app/api/kserve/dialect.h"
#include "app/api/testing/api_harness.h"
#include "model/grammar/grammar_matcher.h"

namespace pano::api::kserve {
namespace {

using Harness = testing::HarnessOf<MakeDialect>;

TEST(V2Generate, ContinuesAText) {
  Harness api;
  api.engine->answer = " upon";
  auto exchange = api.Post("/v2/models/m/generate", R"({"text_input":"Once","parameters":{"max_tokens":8,"stream":false}})");
  EXPECT_EQ(exchange->body(), R"({"model_name":"m","model_version":"1","text_output":" upon"})");
  EXPECT_EQ(api.engine->submitted[0].request.max_tokens, 8);
  exchange = api.Post("/v2/models/m/versions/1/generate", R"({"id":"7","text_input":"Once"})");
  EXPECT_EQ(exchange->body(), R"({"id":"7","model_name":"m","model_version":"1","text_output":" upon"})");
}

TEST(V2Generate, StreamsPieceByPiece) {
  Harness api;
  auto exchange = api.Post("/v2/models/m/generate_stream", R"({"text_input":"Once"})");
  api.engine->Say(0, "ab");
  exchange->Run();
  EXPECT_EQ(exchange->header("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(exchange->body(),
            "data: {\"model_name\":\"m\",\"model_version\":\"1\",\"text_output\":\"a\"}\n\n"
            "data: {\"model_name\":\"m\",\"model_version\":\"1\",\"text_output\":\"b\"}\n\n");
  api.engine->Finish(0, engine::FinishReason::kStop);
  exchange->Run();
  EXPECT_TRUE(exchange->finished());
  EXPECT_EQ(api.records.back().status, 200);
}

TEST(V2Generate, AnErrorInAStreamIsAnEvent) {
  Harness api;
  auto exchange = api.Post("/v2/models/m/generate_stream", R"({"text_input":"Once"})");
  api.engine->Say(0, "a");
  api.engine->Finish(0, engine::FinishReason::kCancelled);
  exchange->Run();
  EXPECT_NE(exchange->body().find("data: {\"error\":\"the request was cancelled"), std::string::npos);
  EXPECT_TRUE(exchange->finished());
  EXPECT_EQ(api.records.back().status, 503);
}

TEST(V2Generate, AClientThatGoesIsCancelled) {
  Harness api;
  auto exchange = api.Post("/v2/models/m/generate_stream", R"({"text_input":"Once"})");
  api.engine->Say(0, "a");
  exchange->Run();
  exchange->Disconnect();
  exchange->Run();
  EXPECT_TRUE(api.engine->cancelled(0));
  EXPECT_EQ(api.records.back().status, 499);
}

// vLLM's names, in `parameters` as its backend has them; nowhere are they passed over.
TEST(V2Generate, ContinuationsAreWhatTheParametersSay) {
  Harness api;
  for (const char* path : {"/v2/models/m/generate", "/v2/models/m/generate_stream"}) {
    for (const char* more : {R"("guided_regex":"x[0-9]")", R"("structured_outputs":{"regex":"x[0-9]"})",
                             R"("guided_choice":["x7","x8"])", R"("grammar":"root ::= \"x7\"")"}) {
      api.Post(path, StrCat(R"({"text_input":"a","parameters":{)", more, "}}"));
      ASSERT_TRUE(api.engine->submitted.back().request.grammar) << more;
      grammar::GrammarMatcher matcher(api.engine->submitted.back().request.grammar);
      EXPECT_TRUE(matcher.AcceptBytes("x7") && matcher.IsAccepting()) << more;
      EXPECT_FALSE(matcher.AcceptBytes("x")) << more;
    }
  }
  const size_t submitted = api.engine->submitted.size();
  for (const auto& [body, field] : {std::pair(R"({"text_input":"a","parameters":{"guided_json":"{"}})", "guided_json"),
                                    std::pair(R"({"text_input":"a","guided_json":{}})", "guided_json"),
                                    std::pair(R"({"text_input":"a","parameters":{"guided_whitespace_pattern":"x"}})",
                                              "guided_whitespace_pattern")}) {
    const auto exchange = api.Post("/v2/models/m/generate", body);
    EXPECT_EQ(exchange->status(), 400) << body;
    EXPECT_NE(exchange->body().find(field), std::string::npos) << exchange->body();
  }
  EXPECT_EQ(api.engine->submitted.size(), submitted);
}

TEST(V2Generate, RefusesByName) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  const auto refusal = [&](const char* path, const char* body) {
    auto exchange = api.Post(path, body);
    return std::to_string(exchange->status()) + " " + exchange->json().Find("error")->as_string();
  };
  EXPECT_EQ(refusal("/v2/models/m/generate", "{}"), "400 'text_input' is missing");
  EXPECT_EQ(refusal("/v2/models/m/generate", R"({"text_input":"a","bad_words":"b"})"), "400 unknown field 'bad_words'");
  EXPECT_EQ(refusal("/v2/models/m/generate", R"({"text_input":"a","parameters":{"stream":true}})"),
            "400 'stream': /generate_stream answers piece by piece");
  EXPECT_TRUE(refusal("/v2/models/m/generate", R"({"text_input":"a","parameters":{"details":true}})")
                  .starts_with("400 unknown field 'details'"));
  EXPECT_TRUE(refusal("/v2/models/m/generate", R"({"text_input":"a","parameters":{"exclude_input_in_output":false}})")
                  .starts_with("400 unknown field 'exclude_input_in_output'"));
  EXPECT_TRUE(refusal("/v2/models/e/generate", R"({"text_input":"a"})").starts_with("400 'e' does not generate"));
  EXPECT_TRUE(refusal("/v2/models/nosuch/generate_stream", R"({"text_input":"a"})").starts_with("404 "));
}

}  // namespace
}  // namespace pano::api::kserve
