#include "app/api/kserve/infer.h"

#include <gtest/gtest.h>

#include "app/api/kserve/dialect.h"
#include "app/api/testing/api_harness.h"

namespace pano::api::kserve {
namespace {

using std::string_literals::operator""s;
using testing::At;
using Harness = testing::HarnessOf<MakeDialect>;

std::shared_ptr<testing::FakeExchange> PostBinary(Harness& api, const std::string& path, const std::string& text,
                                                  const std::string& raw) {
  http::Request request = Harness::MakeRequest("POST", path, text + raw);
  std::erase_if(request.headers, [](const auto& header) { return header.first == "Content-Type"; });
  request.headers.emplace_back("inference-header-content-length", std::to_string(text.size()));
  auto exchange = api.Send(std::move(request));
  exchange->Run();
  return exchange;
}

TEST(V2Infer, AnswersInJson) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  auto exchange = api.Post("/v2/models/e/infer",
                           R"({"id":"r-7","inputs":[{"name":"input_ids","shape":[1,2],"datatype":"INT64","data":[[1,2]]}]})");
  EXPECT_EQ(exchange->body(),
            R"({"model_name":"e","model_version":"1","id":"r-7","outputs":[)"
            R"({"name":"last_hidden_state","datatype":"FP32","shape":[1,2,2],"data":[1.0,0.0,2.0,1.0]},)"
            R"({"name":"sentence_embedding","datatype":"FP32","shape":[1,2],"data":[3.0,2.0]}]})");
  EXPECT_EQ(exchange->header("Content-Type"), "application/json");
  EXPECT_EQ(exchange->header("Inference-Header-Content-Length"), "");
}

TEST(V2Infer, AnswersInBinaryWhatIsWantedSo) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  auto exchange = PostBinary(
      api, "/v2/models/e/versions/1/infer",
      R"({"inputs":[{"name":"input_ids","shape":[1,1],"datatype":"INT64","parameters":{"binary_data_size":8}}],)"
      R"("outputs":[{"name":"sentence_embedding","parameters":{"binary_data":true}},{"name":"last_hidden_state"}]})",
      "\x05\0\0\0\0\0\0\0"s);
  const std::string head =
      R"({"model_name":"e","model_version":"1","id":"","outputs":[)"
      R"({"name":"sentence_embedding","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},)"
      R"({"name":"last_hidden_state","datatype":"FP32","shape":[1,1,2],"data":[5.0,0.0]}]})";
  EXPECT_EQ(exchange->header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(exchange->header("Inference-Header-Content-Length"), std::to_string(head.size()));
  EXPECT_EQ(exchange->body(), head + "\x00\x00\xa0\x40\x00\x00\x80\x3f"s);
}

TEST(V2Infer, ContinuesTextsOfClientsThatSendNoContentType) {
  Harness api;
  api.engine->answer = " upon";
  auto exchange = PostBinary(api, "/v2/models/m/infer",
                             R"({"inputs":[{"name":"text","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":8}}],)"
                             R"("parameters":{"binary_data_output":true,"max_tokens":8}})",
                             "\x04\0\0\0Once"s);
  EXPECT_EQ(exchange->status(), 200) << exchange->body();
  EXPECT_TRUE(exchange->body().ends_with("\x05\0\0\0 upon"s));
  EXPECT_EQ(api.records.back().model, "m");
  EXPECT_EQ(api.records.back().route, "/v2/models/{id}/infer");
}

TEST(V2Infer, WhatATextMustBeIsHeldOrRefused) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  constexpr char kText[] = R"({"inputs":[{"name":"text","shape":[2],"datatype":"BYTES","data":["a","b"]}],)";
  api.Post("/v2/models/m/infer", StrCat(kText, R"("parameters":{"guided_regex":"x[0-9]"}})"));
  ASSERT_EQ(api.engine->submitted.size(), 2u);
  for (const auto& submitted : api.engine->submitted) EXPECT_TRUE(submitted.request.grammar);
  // Not where it stands beside the parameters, and not of a model that does not generate.
  auto exchange = api.Post("/v2/models/m/infer", StrCat(kText, R"("guided_regex":"x[0-9]"})"));
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_NE(exchange->body().find("unknown field 'guided_regex'"), std::string::npos) << exchange->body();
  exchange = api.Post("/v2/models/e/infer",
                      R"({"inputs":[{"name":"input_ids","shape":[1,1],"datatype":"INT64","data":[1]}],)"
                      R"("parameters":{"guided_regex":"x"}})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_NE(exchange->body().find("unknown field 'guided_regex'"), std::string::npos) << exchange->body();
}

TEST(V2Infer, ErrorsAreTexts) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  auto exchange = api.Post("/v2/models/e/infer", R"({"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[1]}]})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_TRUE(exchange->body().starts_with(R"({"error":"the model has no input 'x')")) << exchange->body();
  for (const char* path : {"/v2/models/nosuch/infer", "/v2/models/e/versions/9/infer", "/v2/systemsharedmemory/status"}) {
    exchange = api.Post(path, R"({"inputs":[{"name":"input_ids","shape":[1,1],"datatype":"INT64","data":[1]}]})");
    EXPECT_EQ(exchange->status(), 404) << path;
    EXPECT_TRUE(exchange->json().Find("error")->is_string()) << path;
  }
  http::Request request = Harness::MakeRequest("POST", "/v2/models/e/infer", "{}");
  request.headers = {{"Host", "127.0.0.1"}, {"Content-Type", "text/plain"}};
  EXPECT_EQ(api.Send(request)->status(), 415);
  request.headers = {{"Host", "127.0.0.1"}, {"Origin", "http://evil.example"}};
  EXPECT_EQ(api.Send(request)->status(), 403);
  request.headers = {{"Host", "127.0.0.1"}, {"Inference-Header-Content-Length", "-1"}};
  EXPECT_EQ(api.Send(request)->status(), 400);
}

}  // namespace
}  // namespace pano::api::kserve
