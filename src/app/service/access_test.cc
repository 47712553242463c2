// Who may do what at every route: scopes, models that a caller may not see, challenges.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/api/testing/api_harness.h"
#include "app/api/testing/scoped_tokens.h"
#include "app/service/dialects.h"
#include "base/strings.h"

namespace pano::service {
namespace {

using api::testing::At;

using Tokens = std::map<std::string, std::string>;  // and their scopes

class Harness : public api::testing::ApiHarness {
 public:
  explicit Harness(Tokens tokens, api::Options options = {})
      : ApiHarness(std::make_unique<api::testing::ScopedTokens>(std::move(tokens)), AllDialects(),
                   std::move(options)) {}

  std::shared_ptr<api::testing::FakeExchange> Ask(const std::string& token, std::string method,
                                                  std::string path, std::string body = "") {
    http::Request request = MakeRequest(std::move(method), std::move(path), std::move(body));
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
    return Send(std::move(request));
  }
};

// What a client sees of an answer.
std::string Seen(api::testing::FakeExchange& exchange) {
  return StrCat(exchange.status(), " ", exchange.header("WWW-Authenticate"), " ", exchange.body());
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// A body for any route that takes a model's name in it.
std::string BodyFor(std::string_view pattern, std::string_view model) {
  std::string fields = R"("prompt":"a","messages":[{"role":"user","content":"a"}],"input":"a")";
  if (pattern == "/v1/tokenize") fields = R"("text":"a")";
  if (pattern == "/v1/detokenize") fields = R"("ids":[97])";
  if (pattern == "/api/show") fields = R"("verbose":false)";
  return StrCat(R"({"model":")", model, "\",", fields, "}");
}

struct Ask {
  std::string method;
  std::string path;
  std::string body;
};

// Every way in which `route` takes a model named `name`.
Ask AskAbout(const api::Route& route, std::string_view name) {
  Ask ask{std::string(route.method), Replaced(std::string(route.pattern), "{id}", name), ""};
  ask.path = Replaced(ask.path, "/labels/{version}", "/labels/stable");
  ask.path = Replaced(ask.path, "{version}", "1");
  if (route.method != "POST") return ask;
  ask.body = route.access.place == api::Access::Place::kBody ? BodyFor(route.pattern, name)
                                                             : R"({"inputs":"a"})";
  return ask;
}

std::vector<api::Route> ModelRoutes() {
  api::RouteTable table = std::move(api::RouteTable::Create(AllDialects())).value();
  std::vector<api::Route> routes;
  for (const api::Route& route : table.routes()) {
    if (route.transport != api::Transport::kHttp) continue;  // app/grpc has tests of its own
    if (route.access.kind == api::Access::Kind::kModel && route.query.empty()) {
      routes.push_back(route);
    }
  }
  return routes;
}

TEST(Access, EveryClosedRouteAsksWhoCalls) {
  Harness api(Tokens{});
  api::RouteTable table = std::move(api::RouteTable::Create(AllDialects())).value();
  size_t closed = 0;
  for (const api::Route& route : table.routes()) {
    if (route.transport != api::Transport::kHttp) continue;
    const Ask ask = AskAbout(route, "m");
    auto exchange = api.Ask("", ask.method, ask.path, ask.body);
    if (route.access == api::Access::kOpen) {
      EXPECT_NE(exchange->status(), 401) << route.pattern;
      continue;
    }
    ++closed;
    EXPECT_EQ(exchange->status(), 401) << route.pattern;
    EXPECT_EQ(exchange->header("WWW-Authenticate"), "Bearer realm=\"panorama\"");
    auto wrong = api.Ask("nobody", ask.method, ask.path, ask.body);
    EXPECT_EQ(wrong->status(), 401) << route.pattern;
    EXPECT_EQ(wrong->header("WWW-Authenticate"),
              "Bearer realm=\"panorama\", error=\"invalid_token\", "
              "error_description=\"the token is 'not' good\"");
    // Valid, but for nothing.
    Harness none(Tokens{{"none", ""}});
    const int status = none.Ask("none", ask.method, ask.path, ask.body)->status();
    if (route.access == api::Access::kCaller) {
      // What is the caller's own it does not have; what this server lacks, or wants in another form, is no question
      // of who calls.
      const bool own = route.pattern.find('{') != std::string_view::npos;
      EXPECT_TRUE(status == (own ? 404 : 200) || status == 501 || status == 415) << route.pattern << " " << status;
    } else {
      EXPECT_TRUE(status == 403 || status == 404) << route.pattern << " " << status;
    }
  }
  EXPECT_GT(closed, 8u);
}

// The answers about a model that the caller may not see and about one that nobody has differ in
// nothing but the name, at every route, by every name of it.
TEST(Access, WhatMayNotBeReadIsAnsweredAsUnknown) {
  Harness api(Tokens{{"other", "models:other:predict models:other:read"}, {"none", ""}});
  api.AddModel("other", "1")->answer = "x";
  api.AddModel("org/hidden", "1");
  api.AddModel("org/hidden", "2");
  ASSERT_TRUE(api.models.AddAlias({"pet", "org/hidden@1"}).ok());
  for (const api::Route& route : ModelRoutes()) {
    const bool in_path = route.access.place == api::Access::Place::kPath;
    for (std::string token : {"other", "none"}) {
      for (std::string name : {"org/hidden", "org/hidden@2", "org/hidden@7", "pet"}) {
        if (in_path && name.find('@') != std::string::npos) continue;
        const std::string unknown = Replaced(Replaced(name, "hidden", "absent"), "pet", "dog");
        const Ask hidden = AskAbout(route, name), absent = AskAbout(route, unknown);
        const std::string got = Seen(*api.Ask(token, hidden.method, hidden.path, hidden.body));
        EXPECT_TRUE(got.starts_with("404")) << route.pattern << " " << got;
        EXPECT_EQ(Replaced(Replaced(got, "hidden", "absent"), "pet", "dog"),
                  Seen(*api.Ask(token, absent.method, absent.path, absent.body)))
            << route.pattern;
      }
      // A near miss gets no hint about it either.
      const Ask near = AskAbout(route, "org/hiden");
      EXPECT_EQ(Seen(*api.Ask(token, near.method, near.path, near.body)).find("hidden"),
                std::string::npos);
    }
    // A wrong body says the same about both.
    if (route.method != "POST" || in_path) continue;
    auto wrong = [&](std::string name) {
      return Replaced(
          Seen(*api.Ask("other", "POST", std::string(route.pattern),
                        StrCat(R"({"model":")", name, R"(","n":-1,"text":7,"ids":"x"})"))),
          name, "NAME");
    };
    EXPECT_EQ(wrong("org/hidden"), wrong("org/absent")) << route.pattern;
  }
  json::Value list = api.Ask("other", "GET", "/v1/models")->json();
  ASSERT_EQ(At(list, "data").as_array().size(), 1u);
  EXPECT_EQ(At(list, "data/0/id"), "other");
  EXPECT_EQ(At(api.Ask("none", "GET", "/v1/models")->json(), "data").as_array().size(), 0u);
  // A request that names none means the only one that its caller may see.
  EXPECT_EQ(api.Ask("other", "POST", "/v1/completions", R"({"prompt":"a"})")->status(), 200);
  EXPECT_EQ(api.Ask("none", "POST", "/v1/completions", R"({"prompt":"a"})")->status(), 404);
}

TEST(Access, AnyNameDoesNotReachAHiddenModel) {
  Harness api(Tokens{{"none", ""}, {"one", "models:m:predict"}});
  api.engine->answer = "x";
  ASSERT_TRUE(api.models.AnswerAnyName().ok());
  const std::string body = R"({"model":"gpt","prompt":"a"})";
  EXPECT_EQ(api.Ask("one", "POST", "/v1/completions", body)->status(), 200);
  auto refused = api.Ask("none", "POST", "/v1/completions", body);
  EXPECT_EQ(refused->status(), 404);
  EXPECT_EQ(At(refused->json(), "error/message"), "the model 'gpt' does not exist here");
}

TEST(Access, WhatMayBeReadAndNotDoneNamesTheScope) {
  Harness api(Tokens{{"reader", "models:*:read"},
                     {"predict", "models:org/m:predict"},
                     {"manage", "models:org/m:manage"}});
  api.AddModel("org/m", "1")->answer = "x";
  models::VersionRoutes labels;
  labels.labels["stable"] = "1";
  api.models.SetKnown("org/m", {"1"}, labels);
  for (const api::Route& route : ModelRoutes()) {
    const bool manages = route.access.permission == auth::Permission::kManage;
    const std::string needed = manages ? "manage" : "predict";
    const Ask ask = AskAbout(route, "org/m");
    auto reader = api.Ask("reader", ask.method, ask.path, ask.body);
    if (route.access.permission == auth::Permission::kRead) {
      EXPECT_EQ(reader->status(), 200) << route.pattern;
      continue;
    }
    EXPECT_EQ(reader->status(), 403) << route.pattern;
    EXPECT_EQ(reader->header("WWW-Authenticate"),
              StrCat("Bearer realm=\"panorama\", error=\"insufficient_scope\", "
                     "error_description=\"this needs the scope models:org/m:",
                     needed, "\", scope=\"models:org/m:", needed, "\""));
    const json::Value body = reader->json();
    const json::Value* error = body.Find("error");  // a text in some dialects
    ASSERT_TRUE(error) << route.pattern;
    if (error->is_object() && error->Find("code")) {
      EXPECT_EQ(At(*error, "code"), "insufficient_scope");
    } else if (error->is_object()) {
      EXPECT_EQ(At(*error, "type"), "permission_error") << route.pattern;  // Anthropic's errors have no code
    }
    // The scope alone lets it through, to this model and no other.
    const int status = api.Ask(needed, ask.method, ask.path, ask.body)->status();
    EXPECT_TRUE(status == 200 || status == 400) << route.pattern << " " << status;
    const Ask other = AskAbout(route, "m");
    EXPECT_EQ(api.Ask(needed, other.method, other.path, other.body)->status(), 404);
  }
}

TEST(Access, MetricsHaveAScopeOfTheirOwn) {
  Harness api(Tokens{{"models", "models:*:predict models:*:read models:*:manage"},
               {"metrics", "metrics:read"},
               {"admin", "admin"}});
  auto refused = api.Ask("models", "GET", "/metrics");
  EXPECT_EQ(refused->status(), 403);
  EXPECT_NE(refused->header("WWW-Authenticate").find("scope=\"metrics:read\""), std::string::npos);
  EXPECT_EQ(api.Ask("metrics", "GET", "/metrics")->status(), 200);
  EXPECT_EQ(api.Ask("admin", "GET", "/metrics")->status(), 200);
}

TEST(Access, HeadsAreRefusedByTheSameWords) {
  Harness api(Tokens{{"none", ""}, {"reader", "models:*:read"}});
  for (std::string token : {"none", "reader", ""}) {
    http::Request head = Harness::MakeRequest("POST", "/v1/models/m/predict", R"({"inputs":"a"})");
    if (!token.empty()) head.headers.emplace_back("Authorization", "Bearer " + token);
    const auto early = api.api->CheckHead(head, {}).refusal;
    auto late = api.Send(std::move(head));
    ASSERT_TRUE(early) << token;
    EXPECT_EQ(early->status, late->status()) << token;
    EXPECT_EQ(early->body, late->body()) << token;
  }
}

// Else anybody could hold what there is for the bodies of all requests.
TEST(Access, BodiesThatNobodyReadsAreRefusedByTheirHeads) {
  api::Options options;
  options.callers.origins = {"http://page.example"};
  Harness api(Tokens{{"reader", "models:*:read models:*:predict"}}, options);
  const auto status = [&](std::string method, std::string path, http::Headers headers) {
    http::Request head = Harness::MakeRequest(std::move(method), path);
    if (path.starts_with("/oauth")) head.headers = {{"Host", "127.0.0.1"}, {"Content-Type", "application/x-www-form-urlencoded"}};
    head.headers.insert(head.headers.end(), headers.begin(), headers.end());
    const auto refused = api.api->CheckHead(head, {}).refusal;
    return refused ? refused->status : 0;
  };
  const http::Headers::value_type caller = {"Authorization", "Bearer reader"};
  EXPECT_EQ(status("GET", "/livez", {{"Content-Length", "20000"}}), 413);
  EXPECT_EQ(status("GET", "/livez", {{"Transfer-Encoding", "chunked"}}), 413);
  EXPECT_EQ(status("GET", "/livez", {{"Content-Length", "9"}, {"Content-Encoding", "gzip"}}), 413);
  EXPECT_EQ(status("GET", "/livez", {{"Content-Length", "9"}}), 0);
  EXPECT_EQ(status("GET", "/v1/models", {caller, {"Content-Length", "20000"}}), 413);
  EXPECT_EQ(status("POST", "/oauth/token", {{"Content-Length", "20000"}}), 0);
  EXPECT_EQ(status("POST", "/oauth/token", {{"Content-Length", "40000"}}), 413);
  EXPECT_EQ(status("POST", "/oauth/token", {{"Transfer-Encoding", "chunked"}}), 413);
  EXPECT_EQ(status("POST", "/oauth/token", {{"Content-Length", "9"}, {"Content-Encoding", "gzip"}}), 413);
  EXPECT_EQ(status("POST", "/v1/completions", {caller, {"Content-Length", "4000000"}}), 0);
  EXPECT_EQ(status("POST", "/v1/completions", {caller, {"Transfer-Encoding", "chunked"}}), 0);
  const http::Headers asks = {{"Origin", "http://page.example"}, {"Access-Control-Request-Method", "POST"}};
  EXPECT_EQ(status("OPTIONS", "/v1/completions", asks), 0);
  EXPECT_EQ(status("OPTIONS", "/v1/completions", {asks[0], asks[1], {"Content-Length", "20000"}}), 413);
}

// What a caller calls a model does not make a header that clients cannot read.
TEST(Access, AMissingScopeIsShownShort) {
  Harness api(Tokens{{"reader", "models:*:read"}});
  const std::string name(100'000, 'y');
  auto refused = api.Ask("reader", "POST", "/v1/completions", BodyFor("/v1/completions", name));
  EXPECT_EQ(refused->status(), 403);
  EXPECT_LT(refused->header("WWW-Authenticate").size(), 1000u);
  EXPECT_LT(refused->body().size(), 1000u);
}

TEST(Access, TwoTokensAreNone) {
  Harness api(Tokens{{"reader", "models:*:read"}, {"other", "models:*:read"}});
  http::Request request = Harness::MakeRequest("GET", "/v1/models");
  request.headers.emplace_back("Authorization", "Bearer reader");
  request.headers.emplace_back("authorization", "Bearer other");
  EXPECT_EQ(api.Send(std::move(request))->status(), 401);
}

// Readiness is told to everybody, the names of models are not.
TEST(Access, OpenRoutesNameNoModels) {
  Harness api(Tokens{});
  EXPECT_EQ(api.Get("/readyz")->body(), R"({"ready":true,"models":[]})");
  api.engine->stats.seconds_since_progress = 31;
  EXPECT_EQ(api.Get("/readyz")->body(),
            R"({"ready":false,"reason":"a model is not ready","models":[]})");
  EXPECT_EQ(api.Get("/health")->body(),
            R"({"status":"unavailable","reason":"a model is not ready"})");
}

TEST(Access, MetadataSayWhoseTokensAreTaken) {
  Harness none(Tokens{});
  EXPECT_EQ(none.Get("/.well-known/oauth-protected-resource")->status(), 404);
  api::Options options;
  options.resource = {.url = "https://models.example",
                      .authorization_servers = [] { return std::vector<std::string>{"https://id.example/realms/a"}; },
                      .certificate_bound_tokens = true};
  Harness api(Tokens{}, options);
  json::Value body = api.Get("/.well-known/oauth-protected-resource")->json();
  EXPECT_EQ(At(body, "resource"), "https://models.example");
  EXPECT_EQ(At(body, "authorization_servers/0"), "https://id.example/realms/a");
  EXPECT_EQ(At(body, "bearer_methods_supported/0"), "header");
  EXPECT_EQ(At(body, "tls_client_certificate_bound_access_tokens"), true);
  EXPECT_EQ(api.Get("/v1/models")->header("WWW-Authenticate"),
            "Bearer realm=\"panorama\", resource_metadata="
            "\"https://models.example/.well-known/oauth-protected-resource\"");
  EXPECT_EQ(api.Get("/.well-known/oauth-protected-resource/pano")->status(), 404);
}

// RFC 9728, 3.1: the well-known part stands between host and path.
TEST(Access, MetadataOfAResourceWithAPathStandBehindIt) {
  api::Options options;
  options.resource = {.url = "https://models.example/eu/pano/",
                      .authorization_servers = [] { return std::vector<std::string>{"https://id.example"}; }};
  Harness api(Tokens{}, options);
  EXPECT_EQ(api.Get("/v1/models")->header("WWW-Authenticate"),
            "Bearer realm=\"panorama\", resource_metadata="
            "\"https://models.example/.well-known/oauth-protected-resource/eu/pano\"");
  const auto answer = api.Get("/.well-known/oauth-protected-resource/eu/pano");
  EXPECT_EQ(answer->status(), 200);
  EXPECT_EQ(At(answer->json(), "resource"), "https://models.example/eu/pano/");
  EXPECT_EQ(api.Get("/.well-known/oauth-protected-resource/eu")->status(), 404);
  EXPECT_EQ(api.Get("/.well-known/oauth-protected-resource/eu/pano/x")->status(), 404);
}

// Whose issuer's name is not known yet, or changes: each answer says whose tokens are taken now.
TEST(Access, MetadataFollowTheIssuers) {
  std::vector<std::string> issuers = {""};
  api::Options options;
  options.resource = {.authorization_servers = [&issuers] { return issuers; }};
  Harness api(Tokens{}, options);
  EXPECT_EQ(api.Get("/.well-known/oauth-protected-resource")->status(), 404);
  issuers = {"http://127.0.0.1:4711", "https://b.example"};
  const json::Value body = api.Get("/.well-known/oauth-protected-resource")->json();
  EXPECT_EQ(At(body, "authorization_servers/0"), "http://127.0.0.1:4711");
  EXPECT_EQ(At(body, "authorization_servers/1"), "https://b.example");
}

}  // namespace
}  // namespace pano::service
