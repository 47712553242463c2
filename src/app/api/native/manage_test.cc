#include "app/api/native/manage.h"

#include <gtest/gtest.h>

#include "app/api/native/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/fake_catalog.h"
#include "app/api/testing/scoped_tokens.h"

namespace pano::api::native {
namespace {

using models::LoadState;
using testing::At;

// The API with a catalog of "m" (loaded, from the harness) and "c", which is not.
class ManageTest : public ::testing::Test {
 protected:
  ManageTest() {
    catalog_.versions = {{.target = {"c", "1"}, .state = LoadState::kUnloaded, .on_request = true},
                         {.target = {"c", "2"}, .state = LoadState::kFailed, .reason = "cut short"}};
    api_.models.SetKnown("c", {"1", "2"}, {.labels = {{"stable", "1"}}});
    api_.api->SetCatalog(&catalog_);
  }
  testing::HarnessOf<MakeDialect> api_;
  testing::FakeCatalog catalog_;   // goes first: calls that it holds are recorded in the harness
};

TEST_F(ManageTest, LoadsAndUnloads) {
  const auto load = api_.Post("/v1/models/c/load", "{}");
  const auto one = api_.Post("/v1/models/c/versions/2/load", "{}");
  const auto label = api_.Post("/v1/models/c/versions/stable/unload", "{}");
  const auto at = api_.Post("/v1/models/c@2/unload", "{}");
  ASSERT_EQ(catalog_.asked.size(), 4u);
  EXPECT_EQ(catalog_.asked[0].what, "load c@");
  EXPECT_EQ(catalog_.asked[1].what, "load c@2");
  EXPECT_EQ(catalog_.asked[2].what, "unload c@1");
  EXPECT_EQ(catalog_.asked[3].what, "unload c@2");
  EXPECT_FALSE(load->answered());
  catalog_.versions[0].state = LoadState::kReady;
  catalog_.asked[0].done({});
  load->Run();
  EXPECT_EQ(load->status(), 200);
  EXPECT_EQ(load->body(), R"({"id":"c","version_states":[{"version":"1","state":"ready"},)"
                          R"({"version":"2","state":"failed","reason":"cut short"}]})");
  catalog_.asked[1].done({.status = Status(StatusCode::kUnavailable, "it is cut short").WithReason("model_failed"),
                          .retry_after_seconds = 7});
  one->Run();
  EXPECT_EQ(one->status(), 503);
  EXPECT_EQ(one->header("Retry-After"), "7");
  EXPECT_EQ(At(one->json(), "error/code").as_string(), "model_failed");
}

// "nick" for c@2 meant every version of c.
TEST_F(ManageTest, AnAliasOfAVersionMeansThatOne) {
  ASSERT_TRUE(api_.models.AddAlias({"nick", "c@2"}).ok());
  ASSERT_TRUE(api_.models.AddAlias({"pet", "c"}).ok());
  ASSERT_TRUE(api_.models.AddAlias({"at@home", "c"}).ok());
  (void)api_.Post("/v1/models/nick/unload", "{}");
  (void)api_.Post("/v1/models/pet/unload", "{}");
  (void)api_.Post("/v1/models/at@home/load", "{}");
  ASSERT_EQ(catalog_.asked.size(), 3u);
  EXPECT_EQ(catalog_.asked[0].what, "unload c@2");
  EXPECT_EQ(catalog_.asked[1].what, "unload c@");
  EXPECT_EQ(catalog_.asked[2].what, "load c@");
}

TEST_F(ManageTest, RefusesWhatIsNotItsOwn) {
  const auto given = api_.Post("/v1/models/m/unload", "{}");
  EXPECT_EQ(given->status(), 400);
  EXPECT_EQ(At(given->json(), "error/code").as_string(), "model_not_managed");
  EXPECT_EQ(api_.Post("/v1/models/nobody/load", "{}")->status(), 404);
  EXPECT_EQ(api_.Post("/v1/models/c/load", R"({"force": true})")->status(), 400);
  EXPECT_TRUE(catalog_.asked.empty());
}

TEST_F(ManageTest, ARequestWaitsForItsModel) {
  const auto waits = api_.Post("/v1/models/c/predict", R"({"inputs": "Once"})");
  const auto impatient = api_.Post("/v1/models/c/predict", R"({"inputs": "Once"})");
  ASSERT_EQ(catalog_.asked.size(), 2u);
  EXPECT_EQ(catalog_.asked[0].what, "await c@1");
  EXPECT_FALSE(waits->answered());
  catalog_.asked[1].done({.status = Status(StatusCode::kUnavailable, "it is being loaded").WithReason("model_loading"),
                          .retry_after_seconds = 5,
                          .progress = models::LoadProgress{.fraction = 0.25, .eta_seconds = 5}});
  impatient->Run();
  EXPECT_EQ(impatient->status(), 503);
  EXPECT_EQ(impatient->header("Retry-After"), "5");
  EXPECT_EQ(At(impatient->json(), "error/progress/fraction").as_double(), 0.25);
  EXPECT_EQ(At(impatient->json(), "error/progress/eta_seconds").as_int(), 5);

  api_.AddModel("c", "1")->answer = "ok";
  catalog_.asked[0].done({});
  waits->Run();
  EXPECT_EQ(waits->status(), 200) << waits->body();
  // Once it is there nobody asks the catalog.
  EXPECT_EQ(api_.Post("/v1/models/c/predict", R"({"inputs": "Once"})")->status(), 200);
  EXPECT_EQ(catalog_.asked.size(), 2u);
  // A client that goes while it waits costs nothing.
  const auto gone = api_.Post("/v1/models/c@2/predict", R"({"inputs": "Once"})");
  gone->Disconnect();
  catalog_.asked[2].done({});
  EXPECT_FALSE(gone->answered());
  EXPECT_EQ(api_.records.back().status, 499);
}

// Given with the command line, each by its own option.
TEST(Manage, WhatIsNotManagedSaysHowItCame) {
  testing::ApiHarness api({MakeDialect()});
  auto tuned = std::make_shared<models::Generator>();
  tuned->id = tuned->label = "tuned";
  tuned->parent = "m";
  tuned->engine = api.models.Find("m").value()->AsGenerator()->engine;
  ASSERT_TRUE(api.models.Add(std::move(tuned)).ok());
  const auto message = [&](const char* path) { return testing::At(api.Post(path, "{}")->json(), "error/message"); };
  EXPECT_EQ(message("/v1/models/m/unload"), "the model 'm' was given with --model: it is loaded as long as the server runs");
  EXPECT_EQ(message("/v1/models/tuned/unload"),
            "the adapter 'tuned' was given with --adapter: it is loaded as long as the server runs");
}

TEST(Manage, NeedsItsPermission) {
  testing::FakeCatalog catalog;
  catalog.versions = {{.target = {"c", "1"}}};
  testing::ApiHarness api(std::make_unique<testing::ScopedTokens>(std::map<std::string, std::string>{
                              {"reader", "models:c:read models:c:predict"}, {"owner", "models:c:manage"}, {"other", "models:m:manage"}}),
                          {MakeDialect()});
  api.models.SetKnown("c", {"1"}, {});
  api.api->SetCatalog(&catalog);
  auto send = [&](const std::string& token) {
    http::Request request = testing::ApiHarness::MakeRequest("POST", "/v1/models/c/load", "{}");
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    return api.Send(std::move(request));
  };
  EXPECT_EQ(send("")->status(), 401);
  EXPECT_EQ(send("reader")->status(), 403);
  EXPECT_EQ(send("other")->status(), 404);
  EXPECT_TRUE(catalog.asked.empty());
  (void)send("owner");
  EXPECT_EQ(catalog.asked.size(), 1u);
  catalog.asked.clear();
}

// A name that meant nothing when the request was let in, and then another model: by its own name the caller
// might manage "nick", of "c" it may only know.
TEST(Manage, WhatIsFoundIsCheckedAgain) {
  testing::FakeCatalog catalog;
  catalog.versions = {{.target = {"c", "1"}}};
  testing::ApiHarness api(std::make_unique<testing::ScopedTokens>(std::map<std::string, std::string>{
                              {"t", "models:nick:manage models:c:read"}}),
                          {MakeDialect()});
  api.models.SetKnown("c", {"1"}, {});
  api.api->SetCatalog(&catalog);
  api.administer = [&api] { return api.models.AddAlias({"nick", "c"}); };
  http::Request request = testing::ApiHarness::MakeRequest("POST", "/v1/models/nick/unload", "{}");
  request.headers.emplace_back("Authorization", "Bearer t");
  const auto exchange = api.Send(std::move(request));
  EXPECT_EQ(exchange->status(), 403);
  EXPECT_EQ(exchange->header("WWW-Authenticate"),
            "Bearer realm=\"panorama\", error=\"insufficient_scope\", "
            "error_description=\"this needs the scope models:c:manage\"");
  EXPECT_TRUE(catalog.asked.empty());
}

}  // namespace
}  // namespace pano::api::native
