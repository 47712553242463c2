#include "app/api/kserve/generate.h"

#include <gtest/gtest.h>

#include "app/api/kserve/dialect.h"
#include "app/api/testing/api_harness.h"

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
