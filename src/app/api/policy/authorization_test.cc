#include "app/api/policy/authorization.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "app/api/testing/api_harness.h"
#include "app/api/testing/scoped_tokens.h"

namespace pano::api {
namespace {

using auth::Permission;

auth::Principal With(std::string_view scopes) {
  auth::Principal principal;
  principal.scopes = auth::ScopeSet::Parse(scopes).value();
  return principal;
}

// An alias that came after the request was let in leads to a model that may be read and no more.
TEST(Authorization, TheModelThatWasFoundCounts) {
  testing::ApiHarness api(std::vector<Dialect>{});
  const Access predict = Access::ModelInBody(Permission::kPredict);
  const auth::Principal who = With("models:nick:predict models:m:read");
  EXPECT_TRUE(AuthorizeModel(api.models, who, predict, {"nick"}).ok());
  ASSERT_TRUE(api.models.AddAlias({"nick", "m"}).ok());
  const auto found = LookUpModel(api.models, who, predict, {"nick"});
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(found.error().message(), "this needs the scope models:m:predict");
  EXPECT_EQ(ResolveModel(api.models, who, predict, {"nick"}).error().code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(LookUpModel(api.models, who, predict, {"m", "1"}).error().code(), StatusCode::kPermissionDenied);
  EXPECT_TRUE(LookUpModel(api.models, who, Access::ModelInBody(Permission::kRead), {"nick"}).ok());
  EXPECT_TRUE(LookUpModel(api.models, who, Access::kCaller, {"nick"}).ok());
  EXPECT_TRUE(LookUpModel(api.models, With("models:m:predict"), predict, {"nick"}).ok());
  EXPECT_EQ(LookUpModel(api.models, With("models:other:predict"), predict, {"nick"}).error().code(),
            StatusCode::kNotFound);
}

// Acts of administration by other methods than POST, which have no body.
Dialect Administrative() {
  const auto answer = [](Context&, CallPtr call) { call->RespondJson(json::Value(json::Object())); };
  std::vector<Route> routes = {
      {.method = "DELETE", .pattern = "/models/{id}", .access = Access::ModelInPath(Permission::kManage), .handler = answer},
      {.method = "GET", .pattern = "/settings", .access = Access::kAdmin, .handler = answer},
      {.method = "GET", .pattern = "/models/{id}", .access = Access::ModelInPath(Permission::kRead), .handler = answer},
  };
  return {.name = "administrative", .routes = std::move(routes), .schemas = {}};
}

TEST(Authorization, AdministrationIsWrittenDownFirstWhateverTheMethod) {
  testing::ApiHarness api(std::vector<Dialect>{Administrative()});
  EXPECT_EQ(api.Send(testing::ApiHarness::MakeRequest("DELETE", "/models/m"))->status(), 200);
  EXPECT_EQ(api.Get("/settings")->status(), 200);
  EXPECT_EQ(api.Get("/models/m")->status(), 200);
  EXPECT_EQ(api.administered, (std::vector<std::string>{"DELETE /models/{id} m", "GET /settings "}));
  // What cannot be written down does not happen.
  api.administer = [] { return Status(StatusCode::kUnavailable, "the disk is full"); };
  EXPECT_EQ(api.Send(testing::ApiHarness::MakeRequest("DELETE", "/models/m"))->status(), 503);
  EXPECT_EQ(api.Get("/settings")->status(), 503);
  EXPECT_EQ(api.Get("/models/m")->status(), 200);
}

TEST(Authorization, AdministrationNeedsItsScope) {
  testing::ApiHarness api(std::make_unique<testing::ScopedTokens>(std::map<std::string, std::string>{
                              {"reader", "models:m:read"}, {"owner", "models:m:manage"}}),
                          {Administrative()});
  const auto send = [&api](const char* method, const char* path, const char* token) {
    http::Request request = testing::ApiHarness::MakeRequest(method, path);
    request.headers.emplace_back("Authorization", StrCat("Bearer ", token));
    return api.Send(std::move(request))->status();
  };
  EXPECT_EQ(send("DELETE", "/models/m", "reader"), 403);
  EXPECT_EQ(send("GET", "/settings", "owner"), 403);
  EXPECT_TRUE(api.administered.empty());
  EXPECT_EQ(send("DELETE", "/models/m", "owner"), 200);
}

}  // namespace
}  // namespace pano::api
