#include "app/api/openai/responses/responses.h"

#include <gtest/gtest.h>

#include "app/api/openai/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/http/sse.h"
#include "base/strings.h"
#include "model/grammar/grammar_matcher.h"

namespace pano::api::openai {
namespace {

using json::Value;
using testing::At;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

constexpr const char* kPath = "/v1/responses";

std::string PromptText(const engine::Request& request) {
  std::string text;
  for (engine::TokenId id : request.prompt) {
    text += id == testing::FakeTokenizer::kBos ? "<s>" : std::string(1, static_cast<char>(id));
  }
  return text;
}

std::vector<Value> Events(const std::string& body) {
  std::vector<Value> events;
  http::SseParser parser([&](const http::SseEvent& event) {
    events.push_back(json::Parse(event.data).value_or(Value()));
    EXPECT_EQ(At(events.back(), "type"), event.event);
  });
  parser.Feed(body);
  return events;
}

std::shared_ptr<testing::FakeExchange> Delete(Harness& api, std::string path) {
  return api.Send(Harness::MakeRequest("DELETE", std::move(path)));
}

TEST(Responses, AnswersWithItems) {
  Harness api;
  api.engine->answer = "yo";
  auto exchange = api.Post(kPath, R"({"model":"m","input":"hi","instructions":"be","max_output_tokens":9,)"
                                  R"("temperature":0.5,"metadata":{"a":"b"},"user":"u"})");
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  const Value body = exchange->json();
  EXPECT_EQ(At(body, "object"), "response");
  EXPECT_TRUE(At(body, "id").as_string().starts_with("resp_"));
  EXPECT_EQ(At(body, "status"), "completed");
  EXPECT_EQ(At(body, "model"), "m");
  EXPECT_EQ(At(body, "instructions"), "be");
  EXPECT_EQ(At(body, "max_output_tokens"), 9);
  EXPECT_EQ(At(body, "temperature"), 0.5);
  EXPECT_EQ(At(body, "top_p"), 1.0);
  EXPECT_EQ(At(body, "metadata/a"), "b");
  EXPECT_EQ(At(body, "user"), "u");
  EXPECT_EQ(At(body, "store"), true);
  EXPECT_TRUE(body.Find("incomplete_details")->is_null());
  EXPECT_EQ(At(body, "output/0/type"), "message");
  EXPECT_EQ(At(body, "output/0/role"), "assistant");
  EXPECT_EQ(At(body, "output/0/content/0/type"), "output_text");
  EXPECT_EQ(At(body, "output/0/content/0/text"), "yo");
  EXPECT_EQ(At(body, "usage/input_tokens"), 6);
  EXPECT_EQ(At(body, "usage/output_tokens"), 2);
  EXPECT_EQ(At(body, "usage/total_tokens"), 8);
  EXPECT_EQ(At(body, "usage/output_tokens_details/reasoning_tokens"), 0);
  const engine::Request& request = api.engine->submitted[0].request;
  EXPECT_EQ(PromptText(request), "<s>be\nhi");
  EXPECT_EQ(request.max_tokens, 9);
}

TEST(Responses, EventsCountUpAndEndInTheWholeObject) {
  Harness api;
  api.engine->answer = "yo";
  auto exchange = api.Post(kPath, R"({"input":"hi","stream":true})");
  const std::vector<Value> events = Events(exchange->body());
  std::vector<std::string> types;
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(At(events[i], "sequence_number"), static_cast<int64_t>(i));
    types.push_back(At(events[i], "type").as_string());
  }
  EXPECT_EQ(types, (std::vector<std::string>{
                       "response.created", "response.in_progress", "response.output_item.added",
                       "response.content_part.added", "response.output_text.delta", "response.output_text.delta",
                       "response.output_text.done", "response.content_part.done", "response.output_item.done",
                       "response.completed"}));
  EXPECT_EQ(At(events[0], "response/status"), "in_progress");
  EXPECT_EQ(At(events[4], "delta"), "y");
  EXPECT_EQ(At(events[4], "item_id"), At(events[2], "item/id"));
  EXPECT_EQ(At(events[6], "text"), "yo");
  const Value whole = At(events.back(), "response");
  EXPECT_EQ(At(whole, "id"), At(events[0], "response/id"));
  EXPECT_EQ(At(whole, "output/0"), At(events[8], "item"));
  EXPECT_EQ(At(whole, "usage/output_tokens"), 2);
  // The same is what it is kept as.
  EXPECT_EQ(api.Get(StrCat("/v1/responses/", At(whole, "id").as_string()))->json(), whole);
  EXPECT_TRUE(exchange->finished());
}

TEST(Responses, ACutAnswerIsIncomplete) {
  Harness api;
  for (const char* stream : {"false", "true"}) {
    auto exchange = api.Post(kPath, StrCat(R"({"input":"hi","stream":)", stream, "}"));
    const size_t at = api.engine->submitted.size() - 1;
    api.engine->Say(at, "y");
    api.engine->Finish(at, engine::FinishReason::kLength, 0, "o");
    exchange->Run();
    const Value body = exchange->streaming() ? At(Events(exchange->body()).back(), "response") : exchange->json();
    EXPECT_EQ(At(body, "status"), "incomplete");
    EXPECT_EQ(At(body, "incomplete_details/reason"), "max_output_tokens");
    EXPECT_EQ(At(body, "output/0/content/0/text"), "yo");
  }
}

TEST(Responses, AFailureEndsTheStreamByName) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"input":"hi","stream":true})");
  api.engine->Say(0, "y");
  api.engine->Finish(0, engine::FinishReason::kError);
  exchange->Run();
  const std::vector<Value> events = Events(exchange->body());
  EXPECT_EQ(At(events.back(), "type"), "response.failed");
  EXPECT_EQ(At(events.back(), "response/status"), "failed");
  EXPECT_EQ(At(events.back(), "response/error/code"), "server_error");
  EXPECT_EQ(api.records.back().status, 500);
  // It is not kept.
  EXPECT_EQ(api.Get(StrCat("/v1/responses/", At(events.back(), "response/id").as_string()))->status(), 404);
}

TEST(Responses, GoOnFromThePreviousOneAsIfItWereSentAgain) {
  Harness api;
  api.engine->answer = "yo";
  const Value first = api.Post(kPath, R"({"input":"hi","instructions":"be"})")->json();
  const Value second = api.Post(kPath, StrCat(R"({"input":"and","previous_response_id":")",
                                              At(first, "id").as_string(), R"("})"))->json();
  EXPECT_EQ(At(second, "previous_response_id"), At(first, "id"));
  // Instructions are those of their own response alone.
  EXPECT_EQ(PromptText(api.engine->submitted[1].request), "<s>hi\nyo\nand");
  api.Post(kPath, R"({"input":[{"role":"user","content":"hi"},{"role":"assistant","content":"yo"},)"
                  R"({"role":"user","content":"and"}]})");
  EXPECT_EQ(api.engine->submitted[2].request.prompt, api.engine->submitted[1].request.prompt);
  api.Post(kPath, StrCat(R"({"input":"x","previous_response_id":")", At(second, "id").as_string(), R"("})"));
  EXPECT_EQ(PromptText(api.engine->submitted[3].request), "<s>hi\nyo\nand\nyo\nx");
  const Value referred = api.Post(kPath, StrCat(R"({"input":[{"role":"user","content":"hi"},{"type":"item_reference","id":")",
                                                At(first, "output/0/id").as_string(),
                                                R"("},{"role":"user","content":"and"}]})"))->json();
  EXPECT_EQ(At(referred, "usage/input_tokens"), At(second, "usage/input_tokens"));
  api.engine->submitted.pop_back();
  // Deleting the first does not change the talk that went on from it.
  EXPECT_EQ(Delete(api, StrCat("/v1/responses/", At(first, "id").as_string()))->status(), 200);
  api.Post(kPath, StrCat(R"({"input":"x","previous_response_id":")", At(second, "id").as_string(), R"("})"));
  EXPECT_EQ(PromptText(api.engine->submitted[4].request), "<s>hi\nyo\nand\nyo\nx");
  auto none = api.Post(kPath, StrCat(R"({"input":"x","previous_response_id":")", At(first, "id").as_string(), R"("})"));
  EXPECT_EQ(none->status(), 404);
  EXPECT_EQ(At(none->json(), "error/param"), "previous_response_id");
}

TEST(Responses, AreReadListedAndDeleted) {
  Harness api;
  api.engine->answer = "yo";
  const Value body = api.Post(kPath, R"({"input":[{"role":"user","content":"a"},{"role":"user","content":"b"}]})")->json();
  const std::string path = StrCat("/v1/responses/", At(body, "id").as_string());
  EXPECT_EQ(api.Get(path)->json(), body);
  const Value items = api.Get(path + "/input_items")->json();
  EXPECT_EQ(At(items, "object"), "list");
  EXPECT_EQ(At(items, "data/0/content/0/text"), "b");   // newest first
  EXPECT_EQ(At(items, "first_id"), At(items, "data/0/id"));
  EXPECT_EQ(At(items, "last_id"), At(items, "data/1/id"));
  EXPECT_EQ(json::Dump(Delete(api, path)->json()),
            StrCat(R"({"id":")", At(body, "id").as_string(), R"(","object":"response","deleted":true})"));
  for (const std::string& gone : {path, path + "/input_items"}) EXPECT_EQ(api.Get(gone)->status(), 404);
  EXPECT_EQ(Delete(api, path)->status(), 404);
  const Value kept_not = api.Post(kPath, R"({"input":"hi","store":false})")->json();
  EXPECT_EQ(At(kept_not, "store"), false);
  EXPECT_EQ(api.Get(StrCat("/v1/responses/", At(kept_not, "id").as_string()))->status(), 404);
}

TEST(Responses, AreTheCallersOwn) {
  Harness api({"one", "two"});
  api.engine->answer = "yo";
  auto send = [&](std::string key, std::string method, std::string path, std::string body = "") {
    http::Request request = Harness::MakeRequest(std::move(method), std::move(path), std::move(body));
    request.headers.emplace_back("Authorization", StrCat("Bearer ", key));
    return api.Send(std::move(request));
  };
  const std::string id = At(send("one", "POST", kPath, R"({"input":"hi"})")->json(), "id").as_string();
  const std::string path = StrCat("/v1/responses/", id);
  EXPECT_EQ(send("one", "GET", path)->status(), 200);
  EXPECT_EQ(send("two", "GET", path)->status(), 404);
  EXPECT_EQ(send("two", "DELETE", path)->status(), 404);
  EXPECT_EQ(At(send("two", "GET", path)->json(), "error/message"), StrCat("there is no response '", id, "' here"));
  EXPECT_EQ(send("two", "POST", kPath, StrCat(R"({"input":"x","previous_response_id":")", id, R"("})"))->status(), 404);
  EXPECT_EQ(send("one", "POST", kPath, StrCat(R"({"input":"x","previous_response_id":")", id, R"("})"))->status(), 200);
}

TEST(Responses, TimeEndsThem) {
  Harness api;
  api.engine->answer = "yo";
  const std::string id = At(api.Post(kPath, R"({"input":"hi"})")->json(), "id").as_string();
  api.clock.Advance(Options().response_retention - std::chrono::seconds(1));
  EXPECT_EQ(api.Get(StrCat("/v1/responses/", id))->status(), 200);
  api.clock.Advance(std::chrono::seconds(1));
  EXPECT_EQ(api.Get(StrCat("/v1/responses/", id))->status(), 404);
}

TEST(Responses, LogprobsOnRequest) {
  Harness api;
  api.engine->answer = "a";
  const Value body = api.Post(kPath, R"({"input":"hi","include":["message.output_text.logprobs"],"top_logprobs":2})")->json();
  EXPECT_EQ(At(body, "output/0/content/0/logprobs/0/token"), "a");
  EXPECT_EQ(At(body, "output/0/content/0/logprobs/0/top_logprobs/1/token"), "b");
  const auto events = Events(api.Post(kPath, R"({"input":"hi","stream":true,"include":["message.output_text.logprobs"]})")->body());
  EXPECT_EQ(At(events[4], "logprobs/0/logprob"), -0.5);
}

constexpr const char* kAsking = R"("model":"t","input":"hi","tools":[{"type":"function","name":"f","description":null,"strict":true,"parameters":)"
                                R"({"type":"object","properties":{"a":{"type":"integer"}}}}])";

// Contents a line each.
class LinesTemplate final : public jinja::ChatTemplate {
 public:
  Result<jinja::Rendered> Render(const jinja::ChatInputs& inputs) const override {
    jinja::Rendered out;
    for (const Value& message : inputs.messages.as_array()) {
      const Value* content = message.Find("content");
      const size_t begin = out.text.size();
      if (content->is_string()) out.text += content->as_string();
      out.from_inputs.push_back({begin, out.text.size()});
      out.text += "\n";
    }
    return out;
  }
};

std::string WithoutIds(Value items) {
  for (Value& item : items.as_array()) {
    item.Set("id", "");
    if (item.Find("call_id")) item.Set("call_id", "");
  }
  return json::Dump(items);
}

TEST(Responses, ReasoningTextAndCallsAreItemsOfTheirOwn) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<LinesTemplate>());
  fake->answer = "<think>hm</think>Look:\n<tool_call>\n{\"name\":\"f\",\"arguments\":{\"a\":1}}\n</tool_call>"
                       "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>";
  auto exchange = api.Post(kPath, StrCat("{", kAsking, "}"));
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  const Value body = exchange->json();
  const Value items = At(body, "output");
  ASSERT_EQ(items.as_array().size(), 4u) << exchange->body();
  EXPECT_EQ(At(items, "0/type"), "reasoning");
  EXPECT_EQ(At(items, "0/content/0/text"), "hm");
  EXPECT_EQ(At(items, "1/content/0/text"), "Look:");
  EXPECT_EQ(At(items, "2/type"), "function_call");
  EXPECT_EQ(At(items, "2/name"), "f");
  EXPECT_EQ(At(items, "2/arguments"), R"({"a":1})");
  EXPECT_EQ(At(body, "status"), "completed");
  EXPECT_EQ(At(body, "tools/0/name"), "f");
  EXPECT_GT(At(body, "usage/output_tokens_details/reasoning_tokens").as_int(), 0);

  const std::vector<Value> events = Events(api.Post(kPath, StrCat("{", kAsking, R"(,"stream":true})"))->body());
  EXPECT_EQ(At(events.back(), "type"), "response.completed");
  EXPECT_EQ(WithoutIds(At(events.back(), "response/output")), WithoutIds(items));

  // What came of the call goes on from it.
  api.Post(kPath, StrCat(R"({"model":"t","previous_response_id":")", At(body, "id").as_string(),
                         R"(","input":[{"type":"function_call_output","call_id":")",
                         At(items, "2/call_id").as_string(), R"(","output":"3"}]})"));
  ASSERT_EQ(fake->submitted.size(), 3u);
  EXPECT_TRUE(PromptText(fake->submitted[2].request).ends_with("Look:\n3\n"))
      << PromptText(fake->submitted[2].request);
}

// What the grammar of the engine's request takes, byte for byte.
bool Takes(const engine::Request& request, std::string_view text) {
  if (!request.grammar) return false;
  grammar::GrammarMatcher matcher(request.grammar);
  return matcher.AcceptBytes(text) && matcher.IsAccepting();
}

TEST(Responses, TheAnswerIsOfTheTextsFormat) {
  Harness api;
  api.engine->answer = "{}";
  const char* schema = R"({"type":"json_schema","name":"n","strict":true,"schema":{"type":"object","properties":)"
                       R"({"a":{"enum":[1,2]}},"required":["a"],"additionalProperties":false}})";
  auto exchange = api.Post(kPath, StrCat(R"({"input":"hi","text":{"format":)", schema, "}}"));
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  EXPECT_EQ(json::Dump(At(exchange->json(), "text/format")), json::Dump(json::Parse(schema).value()));
  const engine::Request& request = api.engine->submitted[0].request;
  EXPECT_TRUE(Takes(request, R"({"a":2})"));
  EXPECT_FALSE(Takes(request, R"({"a":3})"));
  api.Post(kPath, R"({"input":"hi","stream":true,"text":{"format":{"type":"json_object"}}})");
  EXPECT_TRUE(Takes(api.engine->submitted[1].request, R"({"b":[1]})"));
  EXPECT_FALSE(Takes(api.engine->submitted[1].request, "[1]"));
  auto refused = api.Post(kPath, R"({"input":"hi","text":{"format":{"type":"json_schema","name":"n","schema":{"type":"no"}}}})");
  EXPECT_EQ(refused->status(), 400);
  EXPECT_EQ(At(refused->json(), "error/param"), "text.format.schema");
  EXPECT_EQ(At(api.Post(kPath, R"({"input":"hi","text":{"format":{"type":"json_schema"}}})")->json(), "error/param"),
            "text.format.schema");
}

TEST(Responses, CallsAreForced) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<LinesTemplate>());
  fake->answer = "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}</tool_call>";
  for (const char* choice : {R"("required")", R"({"type":"function","name":"f"})"}) {
    auto exchange = api.Post(kPath, StrCat("{", kAsking, R"(,"tool_choice":)", choice, "}"));
    ASSERT_EQ(exchange->status(), 200) << exchange->body();
    EXPECT_EQ(At(exchange->json(), "output/0/type"), "function_call");
    EXPECT_FALSE(Takes(fake->submitted.back().request, "Just words."));
    EXPECT_TRUE(fake->submitted.back().request.grammar);
  }
  auto none = api.Post(kPath, R"({"model":"t","input":"hi","tool_choice":"required"})");
  EXPECT_EQ(At(none->json(), "error/param"), "tool_choice");
}

TEST(Responses, CountTheirInput) {
  Harness api;
  const Value body = api.Post("/v1/responses/input_tokens", R"({"input":"hi","instructions":"be"})")->json();
  EXPECT_EQ(json::Dump(body), R"({"object":"response.input_tokens","input_tokens":6})");
  EXPECT_TRUE(api.engine->submitted.empty());
}

TEST(Responses, WhatIsNotDoneIsRefusedByName) {
  Harness api;
  const std::pair<const char*, const char*> cases[] = {
      {R"("background":true)", "background"},
      {R"("conversation":"c")", "conversation"},
      {R"("prompt":{"id":"p"})", "prompt"},
      {R"("truncation":"auto")", "truncation"},
      {R"("tools":[{"type":"web_search"}])", "tools"},
      {R"("tools":[{"type":"mcp","server_label":"x"}])", "tools"},
      {R"("tools":[{"type":"function"}])", "tools"},
      {R"("tool_choice":{"type":"file_search"})", "tool_choice"},
      {R"("text":{"format":{"type":"xml"}})", "text.format"},
      {R"("text":{"verbosity":"low"})", "text.verbosity"},
      {R"("reasoning":{"effort":"a lot"})", "reasoning.effort"},
      {R"("reasoning":{"summary":"detailed"})", "reasoning.summary"},
      {R"("include":["nonsense"])", "include"},
      {R"("top_logprobs":3)", "top_logprobs"},
      {R"("n":2)", "n"},
      {R"("max_tokens":3)", "max_tokens"},
      {R"("max_output_tokens":0)", "max_output_tokens"},
      {R"("response_format":{"type":"json_object"})", "response_format"},
      {R"("guided_json":{"type":"object"})", "guided_json"},
      {R"("temperature":3)", "temperature"},
  };
  for (const auto& [field, param] : cases) {
    auto exchange = api.Post(kPath, StrCat(R"({"input":"hi",)", field, "}"));
    EXPECT_EQ(exchange->status(), 400) << field;
    EXPECT_EQ(At(exchange->json(), "error/param"), param) << exchange->body();
  }
  EXPECT_EQ(At(api.Post(kPath, "{}")->json(), "error/param"), "input");
  auto image = api.Post(kPath, R"({"input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]})");
  EXPECT_NE(At(image->json(), "error/message").as_string().find("input_image"), std::string::npos);
  EXPECT_TRUE(api.engine->submitted.empty());
  // Clients that write every field they know ask for nothing by these.
  api.engine->answer = "yo";
  EXPECT_EQ(api.Post(kPath, R"({"input":"hi","background":false,"tools":[],"tool_choice":"auto","truncation":"disabled",
      "text":{"format":{"type":"text"}},"reasoning":{"effort":null,"summary":null},"include":[],"conversation":null,
      "parallel_tool_calls":true,"service_tier":"auto","store":true,"max_tool_calls":null})")->status(), 200);
}

// 1 MiB a turn would fill the memory of all.
TEST(Responses, ATalkThatIsTooLongToKeepIsRefused) {
  ResponseStore store({.owner_bytes_max = 1000});
  EXPECT_EQ(store.CheckRoom(nullptr, 2000).field(), "store");
}

}  // namespace
}  // namespace pano::api::openai
