#include "app/api/route.h"

#include <gtest/gtest.h>

#include "app/api/dialect.h"
#include "app/api/testing/api_harness.h"

namespace pano::api {
namespace {

Route Get(std::string_view pattern, std::string_view id, std::string_view query = {}) {
  return {.method = "GET",
          .pattern = pattern,
          .access = Access::kKey,
          .handler = [](Context&, const CallPtr& call) { call->Fail(NotFound("nothing here")); },
          .operation_id = id,
          .query = query};
}

http::Request Asking(std::string method, std::string path,
                     std::vector<std::pair<std::string, std::string>> query = {}) {
  http::Request request = testing::ApiHarness::MakeRequest(std::move(method), std::move(path));
  request.query = std::move(query);
  return request;
}

TEST(RouteTable, RefusesWhatNobodyDecided) {
  Route route = Get("/a", "a");
  EXPECT_TRUE(RouteTable::Create({{.name = "x", .routes = {route}}}).ok());
  EXPECT_FALSE(RouteTable::Create({{.name = "x", .routes = {route, route}}}).ok());
  EXPECT_FALSE(
      RouteTable::Create({{.name = "x", .routes = {route}}, {.name = "y", .routes = {route}}})
          .ok());
  route.access = Access::kUnset;
  EXPECT_FALSE(RouteTable::Create({{.name = "x", .routes = {route}}}).ok());
  route = Get("/a", "a");
  route.handler = nullptr;
  EXPECT_FALSE(RouteTable::Create({{.name = "x", .routes = {route}}}).ok());
}

TEST(RouteTable, TheApiDoesNotStartWithoutAPolicy) {
  Route route = Get("/a", "a");
  route.access = Access::kUnset;
  models::ModelHost models;
  auto api = Api::Create({{.name = "x", .routes = {route}}}, {}, models,
                         std::move(auth::MakeApiKeyAuthenticator({})).value());
  ASSERT_FALSE(api.ok());
  EXPECT_EQ(api.error().message(), "[api] route GET /a has no access policy");
}

TEST(RouteTable, AQueryChoosesAmongDialects) {
  RouteTable table =
      std::move(
          RouteTable::Create({{.name = "x", .routes = {Get("/m/{id}", "plain")}},
                              {.name = "y", .routes = {Get("/m/{id}", "tfs", "format=tfs")}}}))
          .value();
  EXPECT_EQ(table.Find(Asking("GET", "/m/a")).route->operation_id, "plain");
  EXPECT_EQ(table.Find(Asking("GET", "/m/a", {{"format", "json"}})).route->operation_id, "plain");
  auto match = table.Find(Asking("HEAD", "/m/a", {{"format", "tfs"}}));
  EXPECT_EQ(match.route->operation_id, "tfs");
  EXPECT_EQ(match.params[0].second, "a");
  EXPECT_EQ(table.Find(Asking("POST", "/m/a")).allow, "GET, HEAD");
}

TEST(RouteTable, ErrorsHaveTheShapeOfTheRoutesDialect) {
  Dialect plain{.name = "plain", .routes = {Get("/plain", "plain")}};
  Dialect own{.name = "own",
              .routes = {Get("/own", "own")},
              .error_body = [](const Failure& failure, std::string_view) {
                return json::Value(failure.status.message());
              }};
  testing::ApiHarness api({plain, own}, {"secret"});
  auto ask = [&](std::string path, bool key) {
    http::Request request = Asking("GET", std::move(path));
    if (key) request.headers.emplace_back("X-Api-Key", "secret");
    return api.Send(std::move(request))->body();
  };
  EXPECT_EQ(ask("/own", true), "\"nothing here\"");
  EXPECT_TRUE(ask("/own", false).starts_with("\""));  // what the core refuses, too
  EXPECT_TRUE(ask("/plain", true).starts_with("{\"error\":{\"message\":\"nothing here\""));
}

}  // namespace
}  // namespace pano::api
