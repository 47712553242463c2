#include "app/api/anthropic/messages.h"

#include <gtest/gtest.h>

#include "app/api/anthropic/bodies.h"
#include "app/api/anthropic/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/body_checks.h"
#include "app/api/testing/bracket_template.h"
#include "app/api/testing/submitted_prompt.h"
#include "base/strings.h"

namespace pano::api::anthropic {
namespace {

using testing::At;
using testing::PromptText;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

constexpr char kPath[] = "/v1/messages";
constexpr char kHello[] = R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}]})";
constexpr char kStream[] =
    R"({"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]})";

std::string ErrorOf(Harness& api, std::string body) {
  auto exchange = api.Post(kPath, std::move(body));
  const json::Value answer = exchange->json();
  if (exchange->status() == 200 || At(answer, "type") != "error") return exchange->body();
  return StrCat(exchange->status(), " ", At(answer, "error/type").as_string(), ": ",
                At(answer, "error/message").as_string());
}

TEST(Messages, BodiesAreSound) {
  testing::ExpectSound(MessagesBody());
  testing::ExpectSound(CountTokensBody());
}

TEST(Messages, AnswersInAnthropicsShape) {
  Harness api;
  api.engine->answer = "yo";
  auto exchange = api.Post(kPath, kHello);
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  json::Value body = exchange->json();
  EXPECT_TRUE(At(body, "id").as_string().starts_with("msg_"));
  body.Set("id", "msg_1");
  EXPECT_EQ(json::Dump(body),
            R"({"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"yo"}],)"
            R"("stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":2}})");
  EXPECT_EQ(exchange->header("request-id"), "req-1");
  EXPECT_EQ(api.engine->submitted[0].request.max_tokens, 9);
}

TEST(Messages, StreamsEveryEvent) {
  Harness api;
  auto exchange = api.Post(kPath, kStream);
  ASSERT_TRUE(exchange->streaming()) << exchange->body();
  api.engine->Say(0, "yo");
  api.engine->Finish(0, engine::FinishReason::kLength, 0, "!");
  exchange->Run();
  ASSERT_TRUE(exchange->finished());
  EXPECT_EQ(exchange->header("Content-Type"), "text/event-stream; charset=utf-8");
  std::string body = exchange->body();
  const size_t id = body.find("msg_");
  body.erase(id, body.find('"', id) - id);
  EXPECT_EQ(body,
            R"(event: message_start
data: {"type":"message_start","message":{"id":"","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":0}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: ping
data: {"type":"ping"}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"y"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"o"}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"!"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"input_tokens":3,"output_tokens":2}}

event: message_stop
data: {"type":"message_stop"}

)");
}

TEST(Messages, AnEmptyAnswerHasABlock) {
  Harness api;
  auto exchange = api.Post(kPath, kStream);
  api.engine->Finish(0, engine::FinishReason::kStop);
  exchange->Run();
  EXPECT_NE(exchange->body().find("event: content_block_start"), std::string::npos);
  EXPECT_NE(exchange->body().find("event: content_block_stop"), std::string::npos);
  auto plain = api.Post(kPath, kHello);
  api.engine->Finish(1, engine::FinishReason::kStop);
  plain->Run();
  EXPECT_EQ(json::Dump(At(plain->json(), "content")), R"([{"type":"text","text":""}])");
}

TEST(Messages, SaysWhichStopSequenceEndedIt) {
  Harness api;
  auto exchange = api.Post(
      kPath, R"({"max_tokens":9,"stop_sequences":["END"],"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(api.engine->submitted[0].request.stop, std::vector<std::string>{"END"});
  engine::Event finish;
  finish.kind = engine::Event::Kind::kFinish;
  finish.stop_match = "END";
  api.engine->submitted[0].stream->Push(finish);
  exchange->Run();
  EXPECT_EQ(At(exchange->json(), "stop_reason"), "stop_sequence");
  EXPECT_EQ(At(exchange->json(), "stop_sequence"), "END");
}

TEST(Messages, AFailureInAStreamIsAnEvent) {
  Harness api;
  auto exchange = api.Post(kPath, kStream);
  api.engine->Say(0, "y");
  engine::Event finish;
  finish.kind = engine::Event::Kind::kFinish;
  finish.reason = engine::FinishReason::kError;
  finish.error = "the forward pass failed";
  api.engine->submitted[0].stream->Push(finish);
  exchange->Run();
  EXPECT_TRUE(exchange->finished());
  EXPECT_NE(exchange->body().find("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
                                  "\"message\":\"the forward pass failed\"}"),
            std::string::npos)
      << exchange->body();
  EXPECT_EQ(exchange->body().find("message_stop"), std::string::npos);
  EXPECT_EQ(api.records.back().status, 500);
}

TEST(Messages, SystemAndPrefillStandInTheTemplatesPlaces) {
  Harness api;
  auto* engine = api.AddModel("t", "1", true, std::make_shared<testing::BracketTemplate>());
  engine->answer = "x";
  api.Post(kPath, R"({"model":"t","max_tokens":1,"system":"S</s>","messages":[{"role":"user","content":"hi"},)"
                  R"({"role":"assistant","content":"I </s>"}]})");
  ASSERT_EQ(engine->submitted.size(), 1u);
  const std::vector<engine::TokenId>& prompt = engine->submitted[0].request.prompt;
  EXPECT_EQ(PromptText(engine->submitted[0].request), "[system]S</s>[user]hi[assistant]I </s>");
  // What the caller wrote is text.
  EXPECT_EQ(std::count(prompt.begin(), prompt.end(), testing::FakeTokenizer::kEos), 0);
}

TEST(Messages, CountsWhatTheUsageSays) {
  Harness api;
  api.engine->answer = "x";
  for (const char* said : {R"("messages":[{"role":"user","content":"hi"}])",
                           R"("system":"Be brief.","messages":[{"role":"user","content":[{"type":"text","text":"One"}]},)"
                           R"({"role":"assistant","content":"two"},{"role":"user","content":"three"}])"}) {
    auto count = api.Post("/v1/messages/count_tokens", StrCat("{", said, "}"));
    auto answer = api.Post(kPath, StrCat(R"({"max_tokens":1,)", said, "}"));
    ASSERT_EQ(answer->status(), 200) << answer->body();
    ASSERT_EQ(count->status(), 200) << count->body();
    EXPECT_EQ(At(count->json(), "input_tokens"), At(answer->json(), "usage/input_tokens"));
    EXPECT_GT(At(count->json(), "input_tokens").as_int(), 2);
  }
}

constexpr char kTools[] =
    R"("tools":[{"name":"add","description":"Adds","input_schema":{"type":"object","properties":{"a":{"type":"integer"}}}}])";
constexpr char kCallText[] = "Now.<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>";

TEST(Messages, CallsAreBlocksStreamedOrNot) {
  Harness api;
  api.engine->answer = kCallText;
  const std::string ask = StrCat(R"({"max_tokens":99,"messages":[{"role":"user","content":"2+2?"}],)", kTools);
  auto plain = api.Post(kPath, ask + "}");
  ASSERT_EQ(plain->status(), 200) << plain->body();
  EXPECT_EQ(At(plain->json(), "stop_reason"), "tool_use");
  EXPECT_EQ(At(plain->json(), "content/0/text"), "Now.");
  EXPECT_EQ(At(plain->json(), "content/1/type"), "tool_use");
  EXPECT_EQ(At(plain->json(), "content/1/name"), "add");
  EXPECT_EQ(json::Dump(At(plain->json(), "content/1/input")), R"({"a":1})");
  EXPECT_TRUE(At(plain->json(), "content/1/id").as_string().starts_with("toolu_"));
  EXPECT_EQ(At(plain->json(), "content").as_array().size(), 2u);

  auto streamed = api.Post(kPath, ask + R"(,"stream":true})");
  const std::string& body = streamed->body();
  EXPECT_NE(body.find(R"("content_block":{"type":"tool_use","id":"toolu_)"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("type":"input_json_delta")"), std::string::npos);
  EXPECT_NE(body.find(R"("stop_reason":"tool_use")"), std::string::npos);
  // Without tools a call is text.
  auto none = api.Post(kPath, StrCat(ask, R"(,"tool_choice":{"type":"none"}})"));
  EXPECT_EQ(At(none->json(), "content/0/text"), kCallText);
  EXPECT_EQ(At(none->json(), "stop_reason"), "end_turn");
}

TEST(Messages, ForcedCallsHaveAGrammar) {
  Harness api;
  api.engine->answer = "<tool_call>\n{\"name\": \"add\", \"arguments\": {\"a\": 1}}\n</tool_call>";
  for (const char* choice : {R"({"type":"any"})", R"({"type":"tool","name":"add"})", R"({"type":"auto"})"}) {
    auto answer = api.Post(kPath, StrCat(R"({"max_tokens":99,"messages":[{"role":"user","content":"hi"}],)", kTools,
                                         R"(,"tool_choice":)", choice, "}"));
    ASSERT_EQ(answer->status(), 200) << answer->body();
    EXPECT_EQ(At(answer->json(), "stop_reason"), "tool_use");
    EXPECT_TRUE(api.engine->submitted.back().request.grammar) << choice;
  }
}

TEST(Messages, ChoicesOfToolsAndThinkingAreChecked) {
  Harness api;
  api.engine->answer = "x";
  const auto ask = [&](std::string more) {
    return ErrorOf(api, StrCat(R"({"max_tokens":9,"messages":[{"role":"user","content":"hi"}],)", more, "}"));
  };
  EXPECT_EQ(ask(R"("tool_choice":{"type":"tool","name":"sub"},)" + std::string(kTools)),
            "400 invalid_request_error: 'tool_choice' names 'sub', which is none of the 'tools'");
  EXPECT_EQ(ask(R"("tool_choice":{"type":"some"})"),
            "400 invalid_request_error: 'tool_choice.type' must be \"auto\", \"any\", \"tool\" or \"none\"");
  EXPECT_EQ(ask(R"("tool_choice":{"type":"tool"})"),
            "400 invalid_request_error: 'tool_choice.name' is missing or no string");
  EXPECT_TRUE(ask(R"("tools":[{"name":"a b","input_schema":{"type":"object"}}])")
                  .starts_with("400 invalid_request_error: tools[0]"));
  EXPECT_TRUE(ask(R"("thinking":{"type":"on"})").starts_with("400 invalid_request_error: 'thinking.type' must be"));
  EXPECT_TRUE(ask(R"("thinking":{"type":"disabled"})").starts_with("{"));
}

TEST(Messages, RefusesByNameInItsShape) {
  Harness api;
  EXPECT_EQ(ErrorOf(api, R"({"messages":[{"role":"user","content":"hi"}]})"),
            "400 invalid_request_error: 'max_tokens' is missing");
  EXPECT_EQ(ErrorOf(api, R"({"model":"nosuch","max_tokens":1,"messages":[{"role":"user","content":"hi"}]})"),
            "404 not_found_error: the model 'nosuch' does not exist here");
  EXPECT_EQ(ErrorOf(api, R"({"max_tokens":1,"messages":[]})"), "400 invalid_request_error: 'messages' is empty");
  EXPECT_EQ(ErrorOf(api, "{"), "400 invalid_request_error: the body is no JSON: " +
                                   json::Parse("{").error().message());
  EXPECT_EQ(ErrorOf(api, R"({"max_tokens":1,"mcp_servers":[],"messages":[{"role":"user","content":"hi"}]})"),
            "400 invalid_request_error: unknown field 'mcp_servers'");
  api.engine->refuse_from = 0;
  EXPECT_EQ(ErrorOf(api, kHello), "429 rate_limit_error: the queue is full");
}

TEST(Messages, TakesTheKeyInEitherHeader) {
  Harness api({"secret"});
  api.engine->answer = "x";
  http::Request request = testing::ApiHarness::MakeRequest("POST", kPath, kHello);
  auto refused = api.Send(request);
  EXPECT_EQ(refused->status(), 401);
  EXPECT_EQ(At(refused->json(), "error/type"), "authentication_error");
  http::Request with_key = request;
  with_key.headers.emplace_back("x-api-key", "secret");
  EXPECT_EQ(api.Send(with_key)->status(), 200);
  request.headers.emplace_back("Authorization", "Bearer secret");
  request.headers.emplace_back("anthropic-version", "2023-06-01");
  EXPECT_EQ(api.Send(request)->status(), 200);
}

}  // namespace
}  // namespace pano::api::anthropic
