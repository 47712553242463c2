#include "app/api/route.h"

#include <gtest/gtest.h>

#include "app/api/dialect.h"
#include "app/api/testing/api_harness.h"

namespace pano::api {
namespace {

Route Get(std::string_view pattern, std::string_view id, std::string_view query = {}) {
  return {.method = "GET",
          .pattern = pattern,
          .access = Access::kCaller,
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
  route.access = {};
  EXPECT_FALSE(RouteTable::Create({{.name = "x", .routes = {route}}}).ok());
  // A policy by a model needs a place where its name stands.
  route.access = Access::ModelInPath(auth::Permission::kRead);
  EXPECT_FALSE(RouteTable::Create({{.name = "x", .routes = {route}}}).ok());
  route.access = Access::ModelInBody(auth::Permission::kRead);
  EXPECT_FALSE(RouteTable::Create({{.name = "x", .routes = {route}}}).ok());
  route.method = "POST";
  EXPECT_TRUE(RouteTable::Create({{.name = "x", .routes = {route}}}).ok());
  route = Get("/a", "a");
  route.handler = nullptr;
  EXPECT_FALSE(RouteTable::Create({{.name = "x", .routes = {route}}}).ok());
}

TEST(RouteTable, AbsentEndpointsAreRefusedByName) {
  RouteTable table = std::move(RouteTable::Create({{.name = "x",
                                                    .routes = {Get("/v1/audios", "a")},
                                                    .absent = {{"/v1/audio", "nothing is heard"}}}}))
                         .value();
  EXPECT_EQ(table.FindAbsent("/v1/audio")->why, "nothing is heard");
  EXPECT_TRUE(table.FindAbsent("/v1/audio/speech"));
  for (const char* path : {"/v1/audios", "/v1", "/v1/audi", "", "/v2/audio"}) EXPECT_FALSE(table.FindAbsent(path)) << path;
  testing::ApiHarness api({{.name = "x", .absent = {{"/v1/audio", "nothing is heard"}}}});
  auto exchange = api.Post("/v1/audio/speech", "{}");
  EXPECT_EQ(exchange->status(), 404);
  EXPECT_EQ(testing::At(exchange->json(), "error/code"), "endpoint_not_supported");
  EXPECT_EQ(testing::At(exchange->json(), "error/message"), "'/v1/audio/speech' is not supported: nothing is heard");
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

Route Post(std::string_view pattern, std::string_view id) {
  Route route = Get(pattern, id);
  route.method = "POST";
  return route;
}

// The operation and its parameters, or what the path allows instead; "-": nothing.
std::string Found(const RouteTable& table, std::string method, std::string path) {
  RouteTable::Match match = table.Find(Asking(std::move(method), std::move(path)));
  std::string text(match.route ? match.route->operation_id : "-");
  for (const auto& [name, value] : match.params) text += " " + name + "=" + value;
  return match.route || match.allow.empty() ? text : "allow " + match.allow;
}

TEST(RouteTable, AnIdTakesWhatTheKnownEndLeaves) {
  RouteTable table =
      std::move(RouteTable::Create(
                    {{.name = "x",
                      .routes = {Get("/v1/models", "list"), Get("/v1/models/{id}", "one"),
                                 Post("/v1/models/{id}/predict", "predict"),
                                 Post("/v1/models/{id}/versions/{version}/predict", "version")}}}))
          .value();
  auto find = [&](std::string method, std::string path) { return Found(table, std::move(method), std::move(path)); };
  EXPECT_EQ(find("GET", "/v1/models"), "list");
  EXPECT_EQ(find("GET", "/v1/models/a"), "one id=a");
  EXPECT_EQ(find("GET", "/v1/models/org/a"), "one id=org/a");
  EXPECT_EQ(find("GET", "/v1/models/org/team/a"), "one id=org/team/a");
  EXPECT_EQ(find("GET", "/v1/models/a/b/c/d"), "-");
  EXPECT_EQ(find("POST", "/v1/models/org/a/predict"), "predict id=org/a");
  EXPECT_EQ(find("POST", "/v1/models/a/b/c/predict"), "predict id=a/b/c");
  EXPECT_EQ(find("POST", "/v1/models/org/a/versions/2/predict"), "version id=org/a version=2");
  EXPECT_EQ(find("POST", "/v1/models/a/versions/2/predict"), "version id=a version=2");
  EXPECT_EQ(find("GET", "/v1/models/org/a/predict"), "allow POST");
  EXPECT_EQ(find("POST", "/v1/models/org/a"), "allow GET, HEAD");
  for (const char* path : {"/v1/models/", "/v1/models//a", "/v1/models/a/", "/v1/models//predict",
                           "/v1/models/a//b", "/v1/models/a/versions//predict/"}) {
    EXPECT_EQ(find("GET", path), "-") << path;
  }
  EXPECT_EQ(find("GET", "/v1/models/" + std::string(10'000, '/')), "-");
}

TEST(RouteTable, APatternsSegmentMayEndInFixedText) {
  RouteTable table =
      std::move(RouteTable::Create(
                    {{.name = "x",
                      .routes = {Get("/v1/models/{id}", "one"), Post("/v1/models/{id}:predict", "predict"),
                                 Post("/v1/models/{id}/labels/{label}:predict", "label")}}}))
          .value();
  auto find = [&](std::string method, std::string path) { return Found(table, std::move(method), std::move(path)); };
  EXPECT_EQ(find("POST", "/v1/models/a:predict"), "predict id=a");
  EXPECT_EQ(find("POST", "/v1/models/org/a:predict"), "predict id=org/a");
  EXPECT_EQ(find("POST", "/v1/models/a/labels/canary:predict"), "label id=a label=canary");
  EXPECT_EQ(find("POST", "/v1/models/org/a/labels/canary:predict"), "label id=org/a label=canary");
  EXPECT_EQ(find("GET", "/v1/models/a:predict"), "allow POST");
  EXPECT_EQ(find("POST", "/v1/models/:predict"), "allow GET, HEAD");
  EXPECT_EQ(find("POST", "/v1/models/a:classify"), "allow GET, HEAD");
}

TEST(RouteTable, TransportsDoNotSeeEachOthersRoutes) {
  Route grpc = Post("/pkg.Service/Method", "method");
  grpc.transport = Transport::kGrpc;
  RouteTable table =
      std::move(RouteTable::Create({{.name = "x", .routes = {Post("/a", "a"), grpc}}})).value();
  EXPECT_TRUE(table.Find(Asking("POST", "/a")).route);
  EXPECT_TRUE(table.Find(Asking("POST", "/a"), Transport::kGrpc).allow.empty());
  EXPECT_TRUE(table.Find(Asking("POST", "/pkg.Service/Method")).allow.empty());
  EXPECT_TRUE(table.Find(Asking("POST", "/pkg.Service/Method"), Transport::kGrpc).route);
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

TEST(RouteTable, AHeaderChoosesAmongDialects) {
  Route own = Get("/m", "own");
  own.header = "x-own-version";
  RouteTable table = std::move(RouteTable::Create({{.name = "x", .routes = {own}},
                                                   {.name = "y", .routes = {Get("/m", "plain")}}}))
                         .value();
  http::Request request = Asking("GET", "/m");
  EXPECT_EQ(table.Find(request).route->operation_id, "plain");
  request.headers.emplace_back("X-Own-Version", "1");
  EXPECT_EQ(table.Find(request).route->operation_id, "own");
}

TEST(RouteTable, APreparedBodyIsWhatTheCoreLooksAt) {
  Route route = Post("/m", "m");
  route.access = Access::ModelInBody(auth::Permission::kPredict);
  route.prepare = [](Context&, Call& call) {
    if (call.body.Find("wrong")) return InvalidArgument("not prepared");
    call.body.Set("model", call.body.Find("name") ? *call.body.Find("name") : json::Value());
    return Status();
  };
  route.handler = [](Context& context, const CallPtr& call) {
    call->Fail(FindModel(context, *call).ok() ? NotFound("found") : NotFound("lost"));
  };
  testing::ApiHarness api({Dialect{.name = "x", .routes = {route}}});
  const auto ask = [&](std::string body) {
    return testing::At(api.Post("/m", std::move(body))->json(), "error/message").as_string();
  };
  EXPECT_EQ(ask(R"({"name":"m","model":"nobody"})"), "found");
  EXPECT_EQ(ask(R"({"wrong":1,"name":"m"})"), "not prepared");
}

TEST(RouteTable, ErrorsHaveTheShapeOfTheRoutesDialect) {
  Dialect plain{.name = "plain", .routes = {Get("/plain", "plain")}};
  Dialect own{.name = "own",
              .routes = {Get("/own", "own")},
              .error_body = [](const Failure& failure, std::string_view) {
                return json::Value(failure.status.message());
              },
              .prefix = "/own"};
  testing::ApiHarness api({plain, own}, {"secret"});
  auto ask = [&](std::string path, bool key) {
    http::Request request = Asking("GET", std::move(path));
    if (key) request.headers.emplace_back("X-Api-Key", "secret");
    return api.Send(std::move(request))->body();
  };
  EXPECT_EQ(ask("/own", true), "\"nothing here\"");
  EXPECT_TRUE(ask("/own", false).starts_with("\""));  // what the core refuses, too
  EXPECT_TRUE(ask("/own/else", true).starts_with("\""));  // and what does not exist below it
  EXPECT_TRUE(ask("/owner", true).starts_with("{"));
  EXPECT_TRUE(ask("/plain", true).starts_with("{\"error\":{\"message\":\"nothing here\""));
}

}  // namespace
}  // namespace pano::api
