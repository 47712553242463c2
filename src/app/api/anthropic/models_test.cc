#include "app/api/anthropic/models.h"

#include <gtest/gtest.h>

#include "app/api/anthropic/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/scoped_tokens.h"

namespace pano::api::anthropic {
namespace {

using testing::At;

http::Request Asking(std::string path, std::vector<std::pair<std::string, std::string>> query = {}) {
  http::Request request = testing::ApiHarness::MakeRequest("GET", std::move(path));
  request.headers.emplace_back("Anthropic-Version", "2023-06-01");
  request.query = std::move(query);
  return request;
}

TEST(AnthropicModels, AreForThoseWhoSendTheVersion) {
  testing::ApiHarness api({MakeDialect()});
  EXPECT_EQ(api.Get("/v1/models")->status(), 404);  // another dialect's
  auto list = api.Send(Asking("/v1/models"));
  EXPECT_EQ(json::Dump(list->json()),
            R"({"data":[{"type":"model","id":"m","display_name":"m","created_at":"2023-11-14T22:13:20Z"}],)"
            R"("has_more":false,"first_id":"m","last_id":"m"})");
  EXPECT_EQ(At(api.Send(Asking("/v1/models/m"))->json(), "type"), "model");
  auto missing = api.Send(Asking("/v1/models/n"));
  EXPECT_EQ(missing->status(), 404);
  EXPECT_EQ(At(missing->json(), "error/type"), "not_found_error");
}

TEST(AnthropicModels, ComeInPages) {
  testing::ApiHarness api({MakeDialect()});
  for (const char* id : {"a", "b", "c"}) api.AddModel(id, "1");
  const auto ids = [&](std::vector<std::pair<std::string, std::string>> query) {
    const json::Value page = api.Send(Asking("/v1/models", std::move(query)))->json();
    std::string text;
    const json::Value* data = page.Find("data");
    if (!data) return json::Dump(page);
    for (const json::Value& model : data->as_array()) text += model.Find("id")->as_string();
    return text + (page.Find("has_more")->as_bool() ? "+" : "");
  };
  EXPECT_EQ(ids({}), "abcm");
  EXPECT_EQ(ids({{"limit", "2"}}), "ab+");
  EXPECT_EQ(ids({{"limit", "2"}, {"after_id", "b"}}), "cm");
  EXPECT_EQ(ids({{"limit", "1"}, {"after_id", "b"}}), "c+");
  EXPECT_EQ(ids({{"limit", "2"}, {"before_id", "m"}}), "bc+");
  EXPECT_EQ(ids({{"after_id", "zz"}}), "");
  EXPECT_EQ(api.Send(Asking("/v1/models", {{"limit", "0"}}))->status(), 400);
}

TEST(AnthropicModels, ShowWhatTheCallerMaySee) {
  testing::ApiHarness api(std::make_unique<testing::ScopedTokens>(
                              std::map<std::string, std::string>{{"reader", "models:a:read"}}),
                          {MakeDialect()});
  api.AddModel("a", "1");
  http::Request request = Asking("/v1/models");
  request.headers.emplace_back("x-api-key", "reader");
  const json::Value page = api.Send(request)->json();
  EXPECT_EQ(page.Find("data")->as_array().size(), 1u);
  EXPECT_EQ(At(page, "first_id"), "a");
}

}  // namespace
}  // namespace pano::api::anthropic
