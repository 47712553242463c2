// What the protocol says of the server and its models: health, metadata, repository, statistics.
#include <gtest/gtest.h>

#include "app/api/kserve/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/fake_catalog.h"

namespace pano::api::kserve {
namespace {

using testing::At;
using testing::FakeCatalog;
using Harness = testing::HarnessOf<MakeDialect>;

TEST(V2Models, ReadyWhileTheyAnswer) {
  Harness api;
  EXPECT_EQ(api.Get("/v2/health/live")->body(), R"({"live":true})");
  EXPECT_EQ(api.Get("/v2/health/ready")->body(), R"({"ready":true})");
  EXPECT_EQ(api.Get("/v2/models/m/ready")->body(), R"({"name":"m","ready":true})");
  EXPECT_EQ(api.Get("/v2/models/m/versions/1/ready")->status(), 200);
  EXPECT_EQ(api.Get("/v2/models/m/versions/2/ready")->status(), 404);
  EXPECT_EQ(api.Get("/v2/models/nosuch/ready")->status(), 404);
  api.api->SetLoading(true);
  EXPECT_EQ(api.Get("/v2/health/live")->status(), 200);
  EXPECT_EQ(api.Get("/v2/health/ready")->status(), 503);
  EXPECT_EQ(api.Get("/v2/models/nosuch/ready")->status(), 503);
  api.api->SetLoading(false);
  api.engine->stats.seconds_since_progress = 60;
  EXPECT_EQ(api.Get("/v2/models/m/ready")->status(), 503);
  EXPECT_EQ(api.Get("/v2/health/ready")->status(), 503);
}

TEST(V2Models, MetadataNameTheTensors) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding, {}, /*tokenizer=*/false);
  EXPECT_EQ(At(api.Get("/v2")->json(), "name"), json::Value("panorama"));
  EXPECT_EQ(At(api.Get("/v2")->json(), "extensions/0"), json::Value("binary_tensor_data"));
  EXPECT_EQ(api.Get("/v2/models/m")->body(),
            R"({"name":"m","versions":["1"],"platform":"panorama_generation",)"
            R"("inputs":[{"name":"text","datatype":"BYTES","shape":[-1]}],)"
            R"("outputs":[{"name":"text","datatype":"BYTES","shape":[-1]}]})");
  const json::Value encoder = api.Get("/v2/models/e")->json();
  EXPECT_EQ(json::Dump(At(encoder, "inputs/0")), R"({"name":"input_ids","datatype":"INT64","shape":[-1,-1]})");
  EXPECT_EQ(json::Dump(At(encoder, "outputs/0")), R"({"name":"last_hidden_state","datatype":"FP32","shape":[-1,-1,2]})");
  const json::Value config = api.Get("/v2/models/e/config")->json();
  EXPECT_EQ(At(config, "max_batch_size"), json::Value(256));
  EXPECT_EQ(json::Dump(At(config, "output/1")), R"({"name":"sentence_embedding","data_type":"TYPE_FP32","dims":[2]})");
  EXPECT_EQ(At(api.Get("/v2/models/m/config")->json(), "model_transaction_policy/decoupled"), json::Value(true));
  EXPECT_EQ(api.Get("/v2/models/nosuch")->status(), 404);
}

TEST(V2Models, TheIndexHasWhatIsLoadedAndWhatIsNot) {
  Harness api;
  FakeCatalog catalog;
  catalog.versions = {{.target = {"a", "1"}, .state = models::LoadState::kLoading},
                      {.target = {"z", "3"}, .state = models::LoadState::kFailed, .reason = "no weights"}};
  api.api->SetCatalog(&catalog);
  EXPECT_EQ(api.Post("/v2/repository/index", "")->body(),
            R"([{"name":"a","version":"1","state":"LOADING","reason":""},)"
            R"({"name":"m","version":"1","state":"READY","reason":""},)"
            R"({"name":"z","version":"3","state":"UNAVAILABLE","reason":"no weights"}])");
  EXPECT_EQ(api.Post("/v2/repository/index", R"({"ready":true})")->body(),
            R"([{"name":"m","version":"1","state":"READY","reason":""}])");
  EXPECT_EQ(api.Post("/v2/repository/index", R"({"ready":1})")->status(), 400);
  api.api->SetCatalog(nullptr);
}

TEST(V2Models, LoadAndUnloadAreAnsweredOnceTheyAreDone) {
  Harness api;
  FakeCatalog catalog;
  catalog.versions = {{.target = {"z", "3"}, .state = models::LoadState::kUnloaded}};
  api.models.SetKnown("z", {"3"}, {});
  api.api->SetCatalog(&catalog);
  auto load = api.Post("/v2/repository/models/z/load", "");
  EXPECT_FALSE(load->answered());
  EXPECT_EQ(catalog.asked.at(0).what, "load z@");
  catalog.asked[0].done({});
  load->Run();
  EXPECT_EQ(load->body(), "{}");
  auto unload = api.Post("/v2/repository/models/z/unload", R"({"parameters":{"unload_dependents":false}})");
  catalog.asked.at(1).done({Status(StatusCode::kUnavailable, "busy")});
  unload->Run();
  EXPECT_EQ(unload->status(), 503);
  EXPECT_EQ(unload->body(), R"({"error":"busy"})");
  EXPECT_EQ(api.Post("/v2/repository/models/z/load", R"({"parameters":{"config":"{}"}})")->body(),
            R"({"error":"the parameter 'config' is not supported: models are loaded as their files are"})");
  // Given with --model: there to stay.
  EXPECT_EQ(api.Post("/v2/repository/models/m/load", "{}")->body(), "{}");
  EXPECT_EQ(api.Post("/v2/repository/models/m/unload", "{}")->status(), 400);
  EXPECT_EQ(api.Post("/v2/repository/models/nosuch/load", "{}")->status(), 404);
  api.api->SetCatalog(nullptr);
}

TEST(V2Models, StatisticsCountWhatWasDone) {
  Harness api;
  api.engine->answer = "ab";
  api.engine->stats.steps = 4;
  const char* body = R"({"text_input":"Once"})";
  api.Post("/v2/models/m/generate", body);
  api.Post("/v2/models/m/generate", body);
  api.Post("/v2/models/m/generate", R"({"text_input":1})");
  const json::Value stats = At(api.Get("/v2/models/m/stats")->json(), "model_stats/0");
  EXPECT_EQ(At(stats, "name"), json::Value("m"));
  EXPECT_EQ(At(stats, "inference_count"), json::Value(2));
  EXPECT_EQ(At(stats, "execution_count"), json::Value(4));
  EXPECT_EQ(At(stats, "inference_stats/success/count"), json::Value(2));
  EXPECT_EQ(At(stats, "inference_stats/fail/count"), json::Value(1));
  EXPECT_EQ(At(stats, "inference_stats/compute_infer/ns"), json::Value(10'000'000));  // 5 ms each, the fake says
  EXPECT_EQ(At(api.Get("/v2/models/stats")->json(), "model_stats").as_array().size(), 1u);
  EXPECT_EQ(api.Get("/v2/models/m/versions/9/stats")->status(), 404);
}

TEST(V2Models, NeedWhatTheirPoliciesSay) {
  Harness api({"secret"});
  EXPECT_EQ(api.Get("/v2/health/live")->status(), 200);
  EXPECT_EQ(api.Get("/v2/health/ready")->status(), 200);
  for (const char* path : {"/v2", "/v2/models/m", "/v2/models/m/ready", "/v2/models/m/config", "/v2/models/stats"}) {
    auto exchange = api.Get(path);
    EXPECT_EQ(exchange->status(), 401) << path;
    EXPECT_TRUE(exchange->json().Find("error")->is_string()) << path;
  }
  EXPECT_EQ(api.Post("/v2/repository/models/m/unload", "")->status(), 401);
}

}  // namespace
}  // namespace pano::api::kserve
