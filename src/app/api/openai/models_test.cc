#include "app/api/openai/models.h"

#include <gtest/gtest.h>

#include "app/api/openai/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/fake_catalog.h"

namespace pano::api::openai {
namespace {

using models::LoadState;
using testing::At;

// The states of a model's versions were looked up once for each version of each model.
TEST(ListModels, LooksAtTheCatalogOnce) {
  testing::FakeCatalog catalog;
  testing::HarnessOf<MakeDialect> api;
  api.api->SetCatalog(&catalog);
  for (const char* version : {"1", "2", "3"}) {
    api.AddModel("loaded", version);
    catalog.versions.push_back({.target = {"loaded", version}, .state = LoadState::kReady});
    catalog.versions.push_back({.target = {"other", version}, .state = LoadState::kFailed, .reason = "cut short"});
  }
  const json::Value list = api.Get("/v1/models")->json();
  EXPECT_EQ(catalog.looks, 1);
  ASSERT_EQ(At(list, "data").as_array().size(), 3u);   // by id: loaded, m, other
  EXPECT_EQ(At(list, "data/0/id"), "loaded");
  EXPECT_EQ(At(list, "data/0/state"), "ready");
  EXPECT_EQ(At(list, "data/0/version_states").as_array().size(), 3u);
  EXPECT_EQ(At(list, "data/1/id"), "m");
  EXPECT_FALSE(At(list, "data/1/state").is_null());    // not of the catalog, and says how it is
  EXPECT_EQ(At(list, "data/2/id"), "other");
  EXPECT_EQ(At(list, "data/2/state"), "failed");
  EXPECT_EQ(At(list, "data/2/version_states/0/reason"), "cut short");
}

}  // namespace
}  // namespace pano::api::openai
