#include "app/api/tfserving/predict.h"

#include <gtest/gtest.h>

#include "app/api/testing/api_harness.h"
#include "app/api/testing/fake_catalog.h"
#include "app/api/tfserving/dialect.h"

namespace pano::api::tfserving {
namespace {

using Harness = testing::HarnessOf<MakeDialect>;

TEST(TfsPredict, ARowOfOneOutputIsItsBareValue) {
  Harness api;
  api.AddPredictor("cls", encoder::Task::kSequenceClassification, {"a", "b"});
  auto exchange = api.Post("/v1/models/cls:predict", R"({"instances":[{"input_ids":[1,2]},{"input_ids":[3,4]}]})");
  EXPECT_EQ(exchange->status(), 200) << exchange->body();
  EXPECT_EQ(exchange->body(), R"({"predictions":[[3.0,4.0],[0.0,1.0]]})");
  exchange = api.Post("/v1/models/cls:predict", R"({"inputs":{"input_ids":[[1,2],[3,4]]}})");
  EXPECT_EQ(exchange->body(), R"({"outputs":[[3.0,4.0],[0.0,1.0]]})");
}

TEST(TfsPredict, AnEmbedderGivesItsFirstOutputAndTheOthersByTheirSignatures) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  EXPECT_EQ(api.Post("/v1/models/e:predict", R"({"instances":[{"input_ids":[5,6]}]})")->body(),
            R"({"predictions":[[[5.0,0.0],[6.0,1.0]]]})");
  EXPECT_EQ(api.Post("/v1/models/e:predict", R"({"signature_name":"sentence_embedding","instances":[{"input_ids":[5,6]}]})")
                ->body(),
            R"({"predictions":[[11.0,2.0]]})");
  auto unknown = api.Post("/v1/models/e:predict", R"({"signature_name":"no_such","instances":[{"input_ids":[5]}]})");
  EXPECT_EQ(unknown->status(), 404);
  EXPECT_EQ(unknown->body(), R"({"error":"the model 'e' has no signature 'no_such': it has serving_default, )"
                             R"(last_hidden_state, sentence_embedding"})");
}

TEST(TfsPredict, SeveralOutputsAreObjects) {
  Harness api;
  api.AddPredictor("t5", encoder::Task::kSequenceToSequence);
  auto exchange = api.Post("/v1/models/t5:predict", R"({"instances":[{"input_ids":[1],"decoder_input_ids":[2]}]})");
  EXPECT_EQ(exchange->body(),
            R"({"predictions":[{"encoder_last_hidden_state":[[1.0,0.0]],"logits":[[2.0,3.0,4.0]]}]})");
  exchange = api.Post("/v1/models/t5:predict", R"({"inputs":{"input_ids":[[1]],"decoder_input_ids":[[2]]}})");
  EXPECT_EQ(exchange->body(), R"({"outputs":{"encoder_last_hidden_state":[[[1.0,0.0]]],"logits":[[[2.0,3.0,4.0]]]}})");
}

TEST(TfsPredict, ContinuesTextsWithItsOwnParameters) {
  Harness api;
  api.engine->answer = " upon";
  auto exchange = api.Post("/v1/models/m:predict", R"({"instances":["Once","Once"],"parameters":{"max_tokens":5}})");
  EXPECT_EQ(exchange->body(), R"({"predictions":[" upon"," upon"]})");
  EXPECT_EQ(api.engine->submitted[0].request.max_tokens, 5);
  exchange = api.Post("/v1/models/m:predict", R"({"instances":["Once"],"parameters":{"max_token":5}})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_NE(exchange->body().find("unknown field 'max_token'"), std::string::npos);
}

TEST(TfsPredict, WhatATextMustBeIsHeldOrRefused) {
  Harness api;
  for (const char* body : {R"({"instances":["a","b"],"parameters":{"guided_json":{"type":"integer"}}})",
                           R"({"inputs":["a","b"],"parameters":{"structured_outputs":{"choice":["1","2"]}}})"}) {
    api.engine->Reset();
    api.Post("/v1/models/m:predict", body);
    ASSERT_EQ(api.engine->submitted.size(), 2u) << body;
    for (const auto& submitted : api.engine->submitted) EXPECT_TRUE(submitted.request.grammar) << body;
  }
  for (const char* body : {R"({"instances":["a"],"guided_json":{}})", R"({"instances":["a"],"parameters":{"guided_json":"{"}})"}) {
    auto exchange = api.Post("/v1/models/m:predict", body);
    EXPECT_EQ(exchange->status(), 400) << body;
    EXPECT_NE(exchange->body().find("guided_json"), std::string::npos) << exchange->body();
  }
}

TEST(TfsPredict, FindsVersionsAndLabels) {
  Harness api;
  testing::FakeEngine* second = api.AddModel("m", "2");
  api.engine->answer = "one";
  second->answer = "two";
  models::VersionRoutes routes;
  routes.labels["canary"] = "2";
  routes.labels["stable"] = "1";
  api.models.SetKnown("m", {"1", "2"}, routes);
  const std::string body = R"({"instances":["a"]})";
  EXPECT_EQ(api.Post("/v1/models/m/versions/2:predict", body)->body(), R"({"predictions":["two"]})");
  EXPECT_EQ(api.Post("/v1/models/m/labels/canary:predict", body)->body(), R"({"predictions":["two"]})");
  EXPECT_EQ(api.Post("/v1/models/m/labels/stable:predict", body)->body(), R"({"predictions":["one"]})");
  EXPECT_EQ(api.Post("/v1/models/m:predict", body)->body(), R"({"predictions":["one"]})");
  EXPECT_EQ(api.Post("/v1/models/m/versions/7:predict", body)->status(), 404);
  EXPECT_EQ(api.Post("/v1/models/m/labels/nolabel:predict", body)->status(), 404);
  EXPECT_EQ(api.Post("/v1/models/m/labels/2:predict", body)->status(), 404);  // a version is no label
  EXPECT_EQ(api.Get("/v1/models/m/labels/canary")->json(), api.Get("/v1/models/m/versions/2")->json());
  EXPECT_EQ(api.Get("/v1/models/m/labels/nolabel/metadata")->status(), 404);
}

TEST(TfsPredict, OtherMethodsAndModelsAreRefusedInItsShape) {
  Harness api;
  auto exchange = api.Post("/v1/models/m:classify", R"({"examples":[{}]})");
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_TRUE(exchange->body().starts_with(R"({"error":"'classify' is not supported)")) << exchange->body();
  exchange = api.Post("/v1/models/nosuch:predict", R"({"instances":["a"]})");
  EXPECT_EQ(exchange->status(), 404);
  EXPECT_TRUE(exchange->json().Find("error")->is_string());
}

}  // namespace
}  // namespace pano::api::tfserving
