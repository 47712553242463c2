#include "app/api/ollama/chat.h"

#include <gtest/gtest.h>

#include "app/api/ollama/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/fake_catalog.h"
#include "app/api/testing/scoped_tokens.h"
#include "base/strings.h"

namespace pano::api::ollama {
namespace {

using testing::At;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

constexpr char kPath[] = "/api/chat";
constexpr char kHello[] = R"({"model":"m","stream":false,"messages":[{"role":"user","content":"hi"}]})";
constexpr char kStream[] = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

std::vector<json::Value> Lines(const std::string& body) {
  std::vector<json::Value> lines;
  for (std::string_view line : Split(body, '\n')) {
    if (!line.empty()) lines.push_back(json::Parse(line).value());
  }
  return lines;
}

TEST(OllamaChat, AnswersWholeWhereAsked) {
  Harness api;
  auto exchange = api.Post(kPath, kHello);
  api.clock.Advance(std::chrono::microseconds(7));
  api.engine->Say(0, "yo");
  api.engine->Finish(0, engine::FinishReason::kLength);
  exchange->Run();
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  EXPECT_EQ(exchange->header("Content-Type"), "application/json");
  EXPECT_EQ(json::Dump(exchange->json()),
            R"({"model":"m","created_at":"1970-01-01T00:00:00Z","message":{"role":"assistant","content":"yo"},"done":true,)"
            R"("done_reason":"length","total_duration":7000,"load_duration":0,"prompt_eval_count":3,)"
            R"("prompt_eval_duration":0,"eval_count":2,"eval_duration":5000000})");
}

TEST(OllamaChat, StreamsLinesByDefault) {
  Harness api;
  auto exchange = api.Post(kPath, kStream);
  ASSERT_TRUE(exchange->streaming()) << exchange->body();
  EXPECT_EQ(exchange->header("Content-Type"), "application/x-ndjson");
  api.engine->Say(0, "yo");
  api.engine->Finish(0, engine::FinishReason::kStop, 0, "!");
  exchange->Run();
  ASSERT_TRUE(exchange->finished());
  const std::vector<json::Value> lines = Lines(exchange->body());
  ASSERT_EQ(lines.size(), 4u) << exchange->body();
  std::string text;
  for (const json::Value& line : lines) text += At(line, "message/content").as_string();
  EXPECT_EQ(text, "yo!");
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(At(lines[i], "done"), false);
  EXPECT_EQ(At(lines[3], "done"), true);
  EXPECT_EQ(At(lines[3], "done_reason"), "stop");
  EXPECT_EQ(At(lines[3], "message/content"), "");
  EXPECT_EQ(At(lines[3], "eval_count"), 2);
  EXPECT_EQ(api.records.back().tokens.completion, 2);
}

TEST(OllamaChat, ANameMayHaveItsTag) {
  Harness api;
  api.AddModel("org/n", "1");
  ASSERT_TRUE(api.models.AddAlias({"x:latest", "org/n"}).ok());
  api.engine->answer = "x";
  const auto model = [&](std::string name) {
    auto exchange = api.Post(kPath, StrCat(R"({"model":")", name, R"(","messages":[]})"));
    return exchange->status() == 200 ? api.records.back().model : exchange->body();
  };
  EXPECT_EQ(model("m:latest"), "m");
  EXPECT_EQ(model("m"), "m");
  EXPECT_EQ(model("org/n:latest"), "org/n");
  EXPECT_EQ(model("x:latest"), "org/n");  // somebody's whole name
  EXPECT_TRUE(model("m:8b").starts_with("{\"error\":\"the model 'm:8b' does not exist here"));
  EXPECT_TRUE(model("o:latest").starts_with("{\"error\":\"the model 'o' does not exist here"));
}

TEST(OllamaChat, ReportsLogprobs) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"logprobs":true,"top_logprobs":1,"messages":[{"role":"user","content":"hi"}]})");
  api.engine->Say(0, "a");
  api.engine->Finish(0, engine::FinishReason::kStop);
  exchange->Run();
  EXPECT_EQ(json::Dump(At(Lines(exchange->body())[0], "logprobs")),
            R"([{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"a","logprob":-0.5,"bytes":[97]}]}])");
}

TEST(OllamaChat, AFailureInAStreamIsALine) {
  Harness api;
  auto exchange = api.Post(kPath, kStream);
  engine::Event finish;
  finish.kind = engine::Event::Kind::kFinish;
  finish.reason = engine::FinishReason::kError;
  finish.error = "the forward pass failed";
  api.engine->submitted[0].stream->Push(finish);
  exchange->Run();
  EXPECT_TRUE(exchange->finished());
  EXPECT_EQ(exchange->body(), "{\"error\":\"the forward pass failed\"}\n");
  EXPECT_EQ(api.records.back().status, 500);
}

// A grammar that turned out to be too ambiguous was a 500, which clients send again.
TEST(OllamaChat, WhatTheRequestIsToBlameForIsNoErrorOfTheServer) {
  Harness api;
  engine::Event finish;
  finish.kind = engine::Event::Kind::kFinish;
  finish.reason = engine::FinishReason::kError;
  finish.error = "the grammar is too ambiguous";
  finish.error_reason = "grammar_too_large";
  auto exchange = api.Post(kPath, R"({"stream":false,"messages":[{"role":"user","content":"hi"}]})");
  api.engine->submitted[0].stream->Push(finish);
  exchange->Run();
  EXPECT_EQ(exchange->status(), 400);
  EXPECT_EQ(exchange->body(), R"({"error":"the grammar is too ambiguous"})");
  exchange = api.Post(kPath, kStream);
  api.engine->submitted[1].stream->Push(finish);
  exchange->Run();
  EXPECT_EQ(api.records.back().status, 400);
}

TEST(OllamaChat, OptionsAreDoneOrRefusedByName) {
  Harness api;
  const auto ask = [&](std::string more) {
    auto exchange = api.Post(kPath, StrCat(R"({"messages":[{"role":"user","content":"hi"}],)", more, "}"));
    return exchange->streaming() ? std::string("done") : StrCat(exchange->status(), " ", exchange->body());
  };
  EXPECT_EQ(ask(R"("options":{"num_predict":5,"temperature":0.5,"num_ctx":8})"), "done");
  EXPECT_EQ(api.engine->submitted[0].request.max_tokens, 5);
  EXPECT_EQ(api.engine->submitted[0].request.sampling.temperature, 0.5f);
  // The context holds prompt and answer.
  EXPECT_EQ(ask(R"("options":{"num_ctx":7})"), "done");
  EXPECT_EQ(api.engine->submitted[1].request.max_tokens, 4);
  EXPECT_TRUE(ask(R"("options":{"num_ctx":3})").starts_with("400 {\"error\":\"This model's maximum context length is 3"));
  EXPECT_EQ(ask(R"("options":{"num_ctx":100000})"), "done");
  EXPECT_EQ(ask(R"("options":{"mirostat":2})"), R"(400 {"error":"options.mirostat is not supported here"})");
  EXPECT_EQ(ask(R"("shift":true)"), R"(400 {"error":"'shift' is not supported here: an answer ends with the context"})");
  EXPECT_EQ(ask(R"("keep_alive":"soon")"),
            R"(400 {"error":"'keep_alive' must be a number of seconds or a duration such as \"5m\""})");
  EXPECT_EQ(ask(R"("keep_alive":"5m","think":false,"tools":[],"format":"")"), "done");
  EXPECT_EQ(ask(R"("suffix":"x")"), R"(400 {"error":"unknown field 'suffix'"})");
}

TEST(OllamaChat, AFormatIsWhatTheAnswerIs) {
  Harness api;
  api.engine->answer = "{}";
  for (const char* format : {R"("json")", R"({"type":"object","properties":{"a":{"type":"integer"}}})"}) {
    auto exchange = api.Post(kPath, StrCat(R"({"messages":[{"role":"user","content":"hi"}],"stream":false,"format":)",
                                           format, "}"));
    EXPECT_EQ(exchange->status(), 200) << exchange->body();
    EXPECT_TRUE(api.engine->submitted.back().request.grammar) << format;
  }
  auto wrong = api.Post(kPath, R"({"messages":[{"role":"user","content":"hi"}],"format":"xml"})");
  EXPECT_EQ(wrong->status(), 400);
}

TEST(OllamaChat, CallsComeWhole) {
  Harness api;
  api.engine->answer = "Now.<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>";
  const std::string ask =
      R"({"messages":[{"role":"user","content":"2+2?"}],"tools":[{"type":"function","function":{"name":"add",)"
      R"("description":"Adds","parameters":{"type":"object","properties":{"a":{"type":"integer"}}}}}])";
  auto plain = api.Post(kPath, ask + R"(,"stream":false})");
  ASSERT_EQ(plain->status(), 200) << plain->body();
  EXPECT_EQ(At(plain->json(), "message/content"), "Now.");
  EXPECT_EQ(At(plain->json(), "message/tool_calls/0/function/name"), "add");
  EXPECT_EQ(json::Dump(At(plain->json(), "message/tool_calls/0/function/arguments")), R"({"a":1})");
  EXPECT_EQ(At(plain->json(), "done_reason"), "stop");
  auto streamed = api.Post(kPath, ask + "}");
  const std::vector<json::Value> lines = Lines(streamed->body());
  std::string text;
  for (const json::Value& line : lines) text += At(line, "message/content").as_string();
  EXPECT_EQ(text, "Now.");
  EXPECT_EQ(At(lines[lines.size() - 2], "message/tool_calls/0/function/name"), "add");
  EXPECT_EQ(api.Post(kPath, R"({"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]})")->status(), 400);
}

TEST(OllamaChat, ThinkIsABoolOrAnEffort) {
  Harness api;
  const auto ask = [&](std::string think) {
    auto exchange = api.Post(kPath, StrCat(R"({"messages":[{"role":"user","content":"hi"}],"think":)", think, "}"));
    return exchange->streaming() ? std::string("done") : exchange->body();
  };
  for (const char* think : {"true", "false", "\"low\"", "null"}) EXPECT_EQ(ask(think), "done") << think;
  EXPECT_EQ(ask("\"much\""), R"({"error":"'think' must be true, false, \"low\", \"medium\" or \"high\""})");
  EXPECT_EQ(ask("7"), R"({"error":"'think' must be true, false, \"low\", \"medium\" or \"high\""})");
}

TEST(OllamaChat, WithoutMessagesTheModelIsLoaded) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"model":"m"})");
  EXPECT_EQ(json::Dump(exchange->json()),
            R"({"model":"m","created_at":"1970-01-01T00:00:00Z","message":{"role":"assistant","content":""},)"
            R"("done":true,"done_reason":"load"})");
  EXPECT_TRUE(api.engine->submitted.empty());
  EXPECT_EQ(api.Post(kPath, R"({"model":"nosuch"})")->status(), 404);
}

TEST(OllamaChat, ZeroToKeepAliveUnloads) {
  testing::ApiHarness api(std::make_unique<testing::ScopedTokens>(std::map<std::string, std::string>{
                              {"user", "models:*:predict"}, {"keeper", "models:*:predict models:m:manage"}}),
                          {MakeDialect()});
  const auto ask = [&](std::string token) {
    http::Request request = testing::ApiHarness::MakeRequest("POST", kPath, R"({"model":"m","keep_alive":0})");
    request.headers.emplace_back("X-Api-Key", std::move(token));
    return api.Send(std::move(request));
  };
  EXPECT_EQ(ask("user")->status(), 403);
  auto given = ask("keeper");  // by --model
  EXPECT_EQ(given->status(), 400);
  EXPECT_EQ(At(given->json(), "error"),
            "the model 'm' was given with --model: it is loaded as long as the server runs");
  testing::FakeCatalog catalog;
  catalog.versions = {{.target = {"m", "1"}, .state = models::LoadState::kReady}};
  api.api->SetCatalog(&catalog);
  EXPECT_EQ(ask("user")->status(), 403);
  auto exchange = ask("keeper");
  ASSERT_EQ(catalog.asked.size(), 1u);
  EXPECT_EQ(catalog.asked[0].what, "unload m@1");
  catalog.asked[0].done({});
  exchange->Run();
  EXPECT_EQ(At(exchange->json(), "done_reason"), "unload");
}

}  // namespace
}  // namespace pano::api::ollama
