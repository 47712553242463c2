#include "app/service/dialects.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <tuple>

#include "app/api/testing/api_harness.h"
#include "base/strings.h"

namespace pano::service {
namespace {

using api::testing::At;

// Every dialect over fakes.
using Harness = api::testing::HarnessOf<AllDialects>;

TEST(Routes, NoneIsWithoutAPolicy) {
  EXPECT_TRUE(api::RouteTable::Create(AllDialects()).ok());
  std::vector<api::Dialect> dialects = AllDialects();
  for (api::Route& route : dialects[0].routes) {
    if (route.pattern == "/metrics") route.access = api::Access::kUnset;
  }
  Result<api::RouteTable> table = api::RouteTable::Create(dialects);
  ASSERT_FALSE(table.ok());
  EXPECT_NE(table.error().message().find("/metrics has no access policy"), std::string::npos);
}

TEST(Routes, OnlyPageAndHealthAreOpen) {
  api::RouteTable table = std::move(api::RouteTable::Create(AllDialects())).value();
  std::vector<std::string_view> open;
  for (const api::Route& route : table.routes()) {
    if (route.access == api::Access::kOpen) open.push_back(route.pattern);
  }
  EXPECT_EQ(open, (std::vector<std::string_view>{"/", "/livez", "/readyz", "/health",
                                                 "/.well-known/oauth-protected-resource",
                                                 "/.well-known/oauth-protected-resource/{path}",
                                                 "/v2/health/live", "/v2/health/ready",
                                                 "/inference.GRPCInferenceService/ServerLive",
                                                 "/inference.GRPCInferenceService/ServerReady",
                                                 "/grpc.health.v1.Health/Check",
                                                 // The issuer's: they check their own callers.
                                                 "/oauth/token", "/oauth/authorize", "/oauth/authorize", "/oauth/revoke",
                                                 "/oauth/introspect", "/.well-known/openid-configuration",
                                                 "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"}));
}

TEST(Routes, MatchSegmentBySegment) {
  api::RouteTable table = std::move(api::RouteTable::Create(AllDialects())).value();
  auto find = [&](std::string method, std::string path) {
    http::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    return table.Find(request);
  };
  auto match = find("POST", "/v1/models/x/versions/2/predict");
  ASSERT_TRUE(match.route);
  EXPECT_EQ(match.params,
            (std::vector<std::pair<std::string, std::string>>{{"id", "x"}, {"version", "2"}}));
  EXPECT_TRUE(find("HEAD", "/livez").route);
  for (const char* path :
       {"", "/v1", "/v1/models/", "/v1/models/a/b/c/d", "//livez", "/livez/", "/v1/models//predict"}) {
    EXPECT_FALSE(find("GET", path).route) << path;
  }
}

TEST(Routes, UnknownPathsAndMethodsAnswerInTheErrorShape) {
  Harness api;
  auto none = api.Get("/nope");
  EXPECT_EQ(none->status(), 404);
  EXPECT_EQ(At(none->json(), "error/type"), "not_found_error");
  EXPECT_EQ(At(api.Post("/chat/completions", "{}")->json(), "error/message"),
            "there is no '/chat/completions' here; did you mean '/v1/chat/completions'?");
  api.records.pop_back();
  auto wrong = api.Get("/v1/completions");
  EXPECT_EQ(wrong->status(), 405);
  EXPECT_EQ(wrong->header("Allow"), "POST");
  EXPECT_EQ(At(wrong->json(), "error/code"), "method_not_allowed");
  auto post = api.Post("/livez", "{}");
  EXPECT_EQ(post->header("Allow"), "GET, HEAD");
  ASSERT_EQ(api.records.size(), 3u);
  EXPECT_EQ(api.records[0].route, "none");  // never the raw path
}

TEST(Routes, AKeyIsNeededForAllButTheOpenOnes) {
  Harness api({"secret"});
  for (const char* path : {"/", "/livez", "/readyz"})
    EXPECT_EQ(api.Get(path)->status(), 200) << path;
  for (const char* path : {"/metrics", "/openapi.json", "/v1/models", "/nope"}) {
    auto exchange = api.Get(path);
    EXPECT_EQ(exchange->status(), 401) << path;
    EXPECT_EQ(exchange->header("WWW-Authenticate"), "Bearer realm=\"panorama\"");
    EXPECT_EQ(At(exchange->json(), "error/type"), "authentication_error");
  }
  http::Request request = Harness::MakeRequest("GET", "/v1/models");
  request.headers.emplace_back("Authorization", "Bearer secret");
  EXPECT_EQ(api.Send(request)->status(), 200);
}

TEST(Routes, LoopbackServersCheckHostAndOrigin) {
  Harness api;
  http::Request request = Harness::MakeRequest("GET", "/livez");
  request.headers[0].second = "rebound.example";
  EXPECT_EQ(api.Send(request)->status(), 403);
  api::Options options;
  options.callers.loopback = false;
  Harness everywhere({}, options);
  EXPECT_EQ(everywhere.Send(request)->status(), 200);
}

http::Request FromPage(http::Request request, std::string origin) {
  request.headers.emplace_back("Origin", std::move(origin));
  return request;
}

// A chat page of another origin calls the API from the browser.
TEST(Routes, PagesOfAllowedOriginsMayCall) {
  api::Options options;
  options.callers.origins = {"http://localhost:3000"};
  Harness api({"secret"}, options);
  http::Request ask =
      FromPage(Harness::MakeRequest("OPTIONS", "/v1/completions"), "http://localhost:3000");
  ask.headers.emplace_back("Access-Control-Request-Method", "POST");
  ask.headers.emplace_back("Access-Control-Request-Headers", "authorization,content-type");
  auto preflight = api.Send(ask);
  EXPECT_EQ(preflight->status(), 204);
  EXPECT_EQ(preflight->header("Access-Control-Allow-Origin"), "http://localhost:3000");
  EXPECT_EQ(preflight->header("Access-Control-Allow-Methods"), "GET, POST, DELETE");
  EXPECT_EQ(preflight->header("Access-Control-Allow-Headers"), "authorization,content-type");
  EXPECT_EQ(preflight->header("Vary"), "Origin");

  auto post = [&](const char* body, std::string origin) {
    http::Request request = FromPage(
        Harness::MakeRequest("POST", "/v1/completions", body), std::move(origin));
    request.headers.emplace_back("Authorization", "Bearer secret");
    return api.Send(std::move(request));
  };
  // Errors and streams can be read, too.
  auto wrong = post("{", "http://localhost:3000");
  EXPECT_EQ(wrong->status(), 400);
  EXPECT_EQ(wrong->header("Access-Control-Allow-Origin"), "http://localhost:3000");
  auto stream = post(R"({"prompt":"a","stream":true})", "http://localhost:3000");
  EXPECT_TRUE(stream->streaming());
  EXPECT_EQ(stream->header("Access-Control-Allow-Origin"), "http://localhost:3000");
  // A page without the key is told so and can read it.
  auto keyless = api.Send(FromPage(Harness::MakeRequest("GET", "/v1/models"), "http://localhost:3000"));
  EXPECT_EQ(keyless->status(), 401);
  EXPECT_EQ(keyless->header("Access-Control-Allow-Origin"), "http://localhost:3000");

  auto other = post(R"({"prompt":"a"})", "http://localhost:3001");
  EXPECT_EQ(other->status(), 403);
  EXPECT_EQ(other->header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(other->header("Vary"), "Origin");
  ask.headers[1].second = "http://evil.example";
  auto refused = api.Send(ask);
  EXPECT_EQ(refused->status(), 403);
  EXPECT_EQ(refused->header("Access-Control-Allow-Origin"), "");
}

TEST(Routes, BodiesAreJson) {
  Harness api;
  http::Request request = Harness::MakeRequest("POST", "/v1/completions", "{}");
  request.headers[1].second = "text/plain";
  EXPECT_EQ(api.Send(request)->status(), 415);
  for (std::string body : {std::string(), std::string("{"), std::string("[]"), std::string("\"x\""),
                           std::string("{\"prompt\":\"\xff\"}"), std::string(100, '[')}) {
    auto exchange = api.Post("/v1/completions", body);
    EXPECT_EQ(exchange->status(), 400) << body;
  }
}

// Windows' editors put one before their text.
TEST(Routes, ABodyMayBeginWithAByteOrderMark) {
  Harness api;
  auto exchange = api.Post("/v1/tokenize", "\xef\xbb\xbf{\"text\":\"a\"}");
  EXPECT_EQ(exchange->status(), 200) << exchange->body();
  EXPECT_EQ(api.Post("/v1/tokenize", "{\"text\":\"a\"}\xef\xbb\xbf")->status(), 400);
  EXPECT_EQ(api.Post("/v1/tokenize", "\xef\xbb\xbf")->status(), 400);
}

TEST(Routes, ListsModels) {
  Harness api;
  api.AddModel("m", "2");
  api.AddModel("other", "1");
  json::Value list = api.Get("/v1/models")->json();
  EXPECT_EQ(At(list, "object"), "list");
  EXPECT_EQ(At(list, "data").as_array().size(), 2u);
  EXPECT_EQ(At(list, "data/0/id"), "m");
  json::Value one = api.Get("/v1/models/m")->json();
  EXPECT_EQ(At(one, "object"), "model");
  EXPECT_EQ(At(one, "created"), 1700000000);
  EXPECT_EQ(At(one, "vocab_size"), 258);
  EXPECT_EQ(At(one, "context_length"), 128);
  EXPECT_EQ(json::Dump(At(one, "versions")), R"(["1","2"])");
  EXPECT_EQ(api.Get("/v1/models/zzz")->status(), 404);
  http::Request status = Harness::MakeRequest("GET", "/v1/models/m");
  status.query = {{"format", "tfs"}};
  EXPECT_EQ(json::Dump(api.Send(std::move(status))->json()),
            R"({"model_version_status":[{"version":"2","state":"AVAILABLE","status":)"
            R"({"error_code":"OK","error_message":""}},{"version":"1","state":"AVAILABLE",)"
            R"("status":{"error_code":"OK","error_message":""}}]})");
}

TEST(Routes, TheOtherKindOfModelIsRefused) {
  Harness api;
  api.AddPredictor("e", encoder::Task::kEmbedding);
  api.AddPredictor("raw", encoder::Task::kEmbedding, {}, /*tokenizer=*/false);
  auto code = [&](std::string path, std::string body) {
    auto exchange = api.Post(std::move(path), std::move(body));
    EXPECT_EQ(exchange->status(), 400);
    return At(exchange->json(), "error/code");
  };
  EXPECT_EQ(code("/v1/models/e/predict", R"({"inputs":"a"})"), "model_does_not_generate");
  EXPECT_EQ(code("/v1/completions", R"({"model":"e","prompt":"a"})"), "model_does_not_generate");
  EXPECT_EQ(
      code("/v1/chat/completions", R"({"model":"e","messages":[{"role":"user","content":"a"}]})"),
      "model_does_not_generate");
  EXPECT_EQ(code("/v1/models/m/predict", R"({"instances":["a"]})"), "model_only_generates");
  EXPECT_EQ(code("/v1/models/raw/predict", R"({"instances":["a"]})"), "no_tokenizer");
}

TEST(Routes, ReadinessAndListsKnowPredictors) {
  Harness api;
  models::testing::FakePredictor* predictor = api.AddPredictor("e", encoder::Task::kEmbedding);
  EXPECT_EQ(api.Get("/readyz")->status(), 200);
  predictor->stats.seconds_since_progress = 31;
  auto one_stuck = api.Get("/readyz");   // the other still answers
  EXPECT_EQ(one_stuck->status(), 200);
  EXPECT_EQ(At(one_stuck->json(), "models/0/ready"), false);
  EXPECT_EQ(At(one_stuck->json(), "models/1/ready"), true);
  api.engine->stats.seconds_since_progress = 31;
  EXPECT_EQ(api.Get("/readyz")->status(), 503);
  json::Value model = api.Get("/v1/models/e")->json();
  EXPECT_EQ(At(model, "task"), "embedding");
  EXPECT_EQ(At(model, "embedding_size"), 2);
  EXPECT_EQ(At(model, "context_length"), 64);
  EXPECT_EQ(At(api.Get("/v1/models/m")->json(), "task"), "generation");
}

TEST(Routes, ReadinessProvesProgress) {
  Harness api;
  EXPECT_EQ(api.Get("/readyz")->status(), 200);
  api.engine->stats.seconds_since_progress = 31;
  auto stuck = api.Get("/readyz");
  EXPECT_EQ(stuck->status(), 503);
  EXPECT_EQ(At(stuck->json(), "reason"), "m@1: no step for 31 s while there is work");
  EXPECT_EQ(stuck->HeaderCount("Retry-After"), 1);
  auto unhealthy = api.Get("/health");
  EXPECT_EQ(unhealthy->status(), 503);
  EXPECT_EQ(unhealthy->HeaderCount("Retry-After"), 1);
  EXPECT_EQ(json::Dump(unhealthy->json()),
            R"({"status":"unavailable","reason":"m@1: no step for 31 s while there is work"})");
  api.engine->stats.seconds_since_progress = 0;
  EXPECT_EQ(api.Get("/health")->body(), R"({"status":"ok"})");
  auto running = api.Post("/v1/completions", R"({"prompt":"a"})");
  api.api->BeginDrain();
  EXPECT_EQ(At(api.Get("/readyz")->json(), "reason"), "draining");
  EXPECT_EQ(api.Get("/livez")->status(), 200);
  auto refused = api.Post("/v1/completions", R"({"prompt":"a"})");
  EXPECT_EQ(refused->status(), 503);
  EXPECT_EQ(refused->header("Retry-After"), "1");
  EXPECT_EQ(refused->HeaderCount("Retry-After"), 1);
  EXPECT_FALSE(api.api->WaitUntilIdle(std::chrono::milliseconds(0)));
  api.engine->Say(0, "x");
  api.engine->Finish(0, engine::FinishReason::kStop);
  running->Run();
  EXPECT_EQ(running->status(), 200);  // what was running goes on
  EXPECT_TRUE(api.api->WaitUntilIdle(std::chrono::milliseconds(0)));
}

TEST(Routes, CallersWaitWhileModelsLoad) {
  Harness api;
  api.api->SetLoading(true);
  EXPECT_EQ(api.Get("/livez")->status(), 200);
  auto ready = api.Get("/readyz");
  EXPECT_EQ(ready->status(), 503);
  EXPECT_EQ(At(ready->json(), "reason"), "loading");
  for (auto& early : {api.Post("/v1/completions", R"({"prompt":"a"})"), api.Get("/v1/models/other")}) {
    EXPECT_EQ(early->status(), 503);
    EXPECT_EQ(early->header("Retry-After"), "1");
    EXPECT_EQ(At(early->json(), "error/code"), "loading");
  }
  api.api->SetLoading(false);
  EXPECT_EQ(api.Get("/readyz")->status(), 200);
  EXPECT_EQ(api.Get("/v1/models/other")->status(), 404);
}

// What is refused by the head alone is refused before the body is read, in the same words.
TEST(Routes, HeadsAreCheckedBeforeBodies) {
  Harness api({"secret"});
  auto request = [](std::string path, std::string key) {
    http::Request made = Harness::MakeRequest("POST", std::move(path));
    if (!key.empty()) made.headers.emplace_back("Authorization", "Bearer " + key);
    return made;
  };
  for (const auto& [path, key, status] :
       {std::tuple("/v1/completions", "", 401), std::tuple("/v1/completions", "wrong", 401),
        std::tuple("/nowhere", "secret", 404), std::tuple("/v1/models", "secret", 405)}) {
    const size_t before = api.records.size();
    const auto head = api.api->CheckHead(request(path, key), {}).refusal;
    ASSERT_TRUE(head) << path;
    EXPECT_EQ(head->status, status);
    ASSERT_EQ(api.records.size(), before + 1);
    EXPECT_EQ(api.records.back().status, status);
    auto whole = api.Send(request(path, key));
    EXPECT_EQ(whole->status(), status);
    EXPECT_EQ(whole->body(), head->body);
  }
  EXPECT_FALSE(api.api->CheckHead(request("/v1/completions", "secret"), {}).refusal);
  api.api->BeginDrain();
  EXPECT_EQ(api.api->CheckHead(request("/v1/completions", "secret"), {}).refusal->status, 503);
}

// Requests are read on threads of their own; whoever goes meanwhile costs nothing.
TEST(Routes, ThreadsOfTheirOwnReadRequests) {
  api::Options options;
  options.work.threads = 2;
  api::testing::ApiHarness api(AllDialects(), {}, options);
  api.engine->answer = "x";
  const auto answer = [&](auto exchange) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!exchange->answered() && std::chrono::steady_clock::now() < until) {
      exchange->Run();
      std::this_thread::yield();
    }
    return exchange;
  };
  auto first = answer(api.Post("/v1/completions", R"({"prompt":"a"})"));
  EXPECT_EQ(first->status(), 200);
  EXPECT_EQ(At(first->json(), "choices/0/text"), "x");
  EXPECT_EQ(answer(api.Post("/v1/completions", "{"))->status(), 400);
  EXPECT_EQ(answer(api.Post("/v1/tokenize", R"({"text":"a"})"))->status(), 200);
  auto echo = answer(api.Post("/v1/completions",
                              R"({"prompt":"ab","echo":true,"logprobs":1,"stream":true,"n":2})"));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!echo->finished() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_TRUE(echo->finished());
  EXPECT_NE(echo->body().find("[DONE]"), std::string::npos);
}

// Large answers are accounted until their clients have read them; what finds no room is refused.
TEST(Routes, AnswersShareOneMemory) {
  api::Options options;
  options.answer_bytes_max = 300 << 10;
  Harness api({}, options);
  api.engine->answer = std::string(100'000, 'x');
  const std::string body = R"({"prompt":"a","return_token_ids":true})";
  // 100 kB of text, 8 bytes a token while it is collected: no room, before the end.
  auto refused = api.Post("/v1/completions", body);
  EXPECT_EQ(refused->status(), 503);
  EXPECT_EQ(At(refused->json(), "error/code"), "overloaded");
  EXPECT_NE(refused->header("Retry-After"), "");
  api.engine->answer = std::string(20'000, 'x');
  auto first = api.Post("/v1/completions", body);  // 100 kB, which nobody reads
  EXPECT_EQ(first->status(), 200);
  auto second = api.Post("/v1/completions", body);
  EXPECT_EQ(second->status(), 200);
  auto third = api.Post("/v1/completions", body);
  EXPECT_EQ(third->status(), 503);
  EXPECT_EQ(api.records.back().status, 503);
  api.engine->answer = "x";
  EXPECT_EQ(api.Post("/v1/completions", body)->status(), 200);  // small ones always pass
  api.engine->answer = std::string(20'000, 'x');
  first.reset();
  api.engine->Reset();  // its streams keep their exchanges
  EXPECT_EQ(api.Post("/v1/completions", body)->status(), 200);
}

TEST(Routes, TextsToTokenizeHaveALimitOfTheirOwn) {
  Harness api;
  const std::string text(5 << 20, 'a');
  auto refused = api.Post("/v1/tokenize", StrCat(R"({"text":")", text, R"("})"));
  EXPECT_EQ(refused->status(), 400);
  EXPECT_EQ(At(refused->json(), "error/param"), "text");
}

TEST(Routes, TokenizeAndBack) {
  Harness api;
  json::Value body = api.Post("/v1/tokenize", R"({"model":"m","text":"a<s>"})")->json();
  EXPECT_EQ(json::Dump(body), R"({"ids":[256,97,256],"tokens":["<s>","a","<s>"]})");
  body =
      api.Post("/v1/tokenize", R"({"text":"<s>","add_special_tokens":false,"parse_special":false})")
          ->json();
  EXPECT_EQ(json::Dump(At(body, "ids")), "[60,115,62]");
  body = api.Post("/v1/tokenize", R"({"messages":[{"role":"user","content":"a"}]})")->json();
  EXPECT_EQ(json::Dump(At(body, "ids")), "[256,97]");
  body = api.Post("/v1/detokenize", R"({"ids":[256,97,98]})")->json();
  EXPECT_EQ(At(body, "text"), "ab");
  body = api.Post("/v1/detokenize", R"({"ids":[256,97],"skip_special_tokens":false})")->json();
  EXPECT_EQ(At(body, "text"), "<s>a");
  EXPECT_EQ(api.Post("/v1/detokenize", R"({"ids":[999]})")->status(), 400);
  EXPECT_EQ(api.Post("/v1/tokenize", R"({})")->status(), 400);
}

TEST(Routes, ThePageRunsOnlyItsOwnScript) {
  Harness api;
  auto first = api.Get("/");
  std::string policy = first->header("Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(first->body().find("PAGE_NONCE"), std::string::npos);
  size_t at = policy.find("'nonce-") + 7;
  std::string nonce = policy.substr(at, 32);
  EXPECT_NE(first->body().find(StrCat("<script nonce=\"", nonce, "\"")), std::string::npos);
  EXPECT_EQ(first->body().find("http://"), std::string::npos);
  EXPECT_EQ(first->body().find("https://"), std::string::npos);
  EXPECT_NE(api.Get("/")->header("Content-Security-Policy"), policy);
}

// A model's text is shown by this page: nothing in it may make markup or code of text, and nothing may
// depend on what the policy forbids.
TEST(Routes, ThePageHasNoInlineHazards) {
  Harness api;
  const std::string page = api.Get("/")->body();
  for (const char* hazard :
       {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function",
        "DOMParser", "createContextualFragment", "srcdoc", "javascript:", "<iframe", "<object",
        " style=", "@import", "url(", " src=", "localStorage"}) {
    EXPECT_EQ(page.find(hazard), std::string::npos) << hazard;
  }
  // onclick= and its kin as attributes.
  for (size_t at = page.find(" on"); at != std::string::npos; at = page.find(" on", at + 1)) {
    size_t end = at + 3;
    while (end < page.size() && page[end] >= 'a' && page[end] <= 'z') ++end;
    EXPECT_NE(page.substr(end, 2), "=\"") << page.substr(at, 20);
  }
  // Phones zoom into inputs with smaller letters, and scroll the conversation and not the page.
  EXPECT_NE(page.find("input, select, textarea, button { font: inherit; font-size: 16px;"),
            std::string::npos);
  EXPECT_NE(page.find("height: 100dvh"), std::string::npos);
  for (const char* part : {"id=\"log\"", "id=\"system\"", "id=\"outputs\"", "Regenerate", "Copy",
                           "name=\"viewport\""}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

TEST(Routes, MetricsAreText) {
  Harness api;
  auto exchange = api.Get("/metrics");
  EXPECT_EQ(exchange->body(), "pano_up 1\n");
  EXPECT_TRUE(exchange->header("Content-Type").starts_with("text/plain; version=0.0.4"));
}

TEST(Routes, HttpErrorsHaveTheSameShape) {
  http::Response response = api::HttpErrorBody({}, {413, "too much", "r", "http://a"});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.body, R"({"error":{"message":"too much","type":"invalid_request_error",)"
                           R"("param":null,"code":"body_too_large","request_id":"r"}})");
  EXPECT_EQ(response.headers.size(), 1u);
  // A page that may call can read what the HTTP layer refuses, too.
  response = api::HttpErrorBody({.origins = {"http://a"}}, {413, "too much", "r", "http://a"});
  EXPECT_TRUE(std::find(response.headers.begin(), response.headers.end(),
                        std::pair<std::string, std::string>("Access-Control-Allow-Origin",
                                                            "http://a")) != response.headers.end());
}

}  // namespace
}  // namespace pano::service
