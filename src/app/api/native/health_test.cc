#include "app/api/native/health.h"

#include <gtest/gtest.h>

#include "app/api/native/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/fake_catalog.h"

namespace pano::api::native {
namespace {

using models::LoadState;

// One model whose file was changed made /readyz say no for the whole server, and a load balancer took it
// away from the callers of all others.
TEST(Health, OneModelThatCannotAnswerIsItsOwnMatter) {
  testing::HarnessOf<MakeDialect> api;
  testing::FakeEngine* other = api.AddModel("other", "1");
  other->stats.seconds_since_progress = 1e6;
  auto ready = api.Get("/readyz");
  EXPECT_EQ(ready->status(), 200);
  EXPECT_EQ(ready->body(), R"({"ready":true,"models":[{"model":"m@1","ready":true},)"
                           R"({"model":"other@1","ready":false,"reason":"no step for 1000000 s while there is work"}]})");
  api.engine->stats.seconds_since_progress = 1e6;
  ready = api.Get("/readyz");
  EXPECT_EQ(ready->status(), 503);
  EXPECT_EQ(testing::At(ready->json(), "reason").as_string(), "m@1: no step for 1000000 s while there is work");
}

TEST(Health, AModelThatARequestWouldLoadIsEnough) {
  testing::HarnessOf<MakeDialect> api;
  (void)api.models.Remove({"m", "1"});
  testing::FakeCatalog catalog;
  api.api->SetCatalog(&catalog);
  EXPECT_EQ(testing::At(api.Get("/readyz")->json(), "reason").as_string(), "no model is loaded");
  catalog.versions = {{.target = {"c", "1"}, .state = LoadState::kFailed, .reason = "cut short"},
                      {.target = {"d", "1"}, .state = LoadState::kLoading}};
  auto ready = api.Get("/readyz");
  EXPECT_EQ(ready->status(), 503);
  EXPECT_EQ(ready->body(), R"({"ready":false,"reason":"c@1: failed: cut short","models":[)"
                           R"({"model":"c@1","ready":false,"reason":"failed: cut short"},)"
                           R"({"model":"d@1","ready":false,"reason":"loading"}]})");
  catalog.versions[1] = {.target = {"d", "1"}, .state = LoadState::kUnloaded, .on_request = true};
  EXPECT_EQ(api.Get("/readyz")->status(), 200);
}

TEST(Health, WhoShowsNothingLearnsNoNames) {
  testing::HarnessOf<MakeDialect> api({"key"});
  api.engine->stats.seconds_since_progress = 1e6;
  EXPECT_EQ(api.Get("/readyz")->body(), R"({"ready":false,"reason":"a model is not ready","models":[]})");
}

}  // namespace
}  // namespace pano::api::native
