#include "app/api/openai/chat.h"

#include <gtest/gtest.h>

#include "app/api/openai/dialect.h"
#include "app/api/testing/api_harness.h"
#include "app/api/testing/submitted_prompt.h"
#include "base/strings.h"
#include "model/grammar/grammar_matcher.h"

namespace pano::api::openai {
namespace {

using testing::At;
using testing::PromptText;

// This dialect over fakes.
using Harness = testing::HarnessOf<MakeDialect>;

constexpr char kPath[] = "/v1/chat/completions";
constexpr char kHello[] = R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";

// "[role]content" for each message, then "[assistant]"; what came from the messages is marked.
class BracketTemplate final : public jinja::ChatTemplate {
 public:
  Result<jinja::Rendered> Render(const jinja::ChatInputs& inputs) const override {
    if (inputs.kwargs.Find("refuse")) return InvalidArgument("not this conversation");
    jinja::Rendered out;
    out.text = inputs.bos_token;
    for (const json::Value& message : inputs.messages.as_array()) {
      out.text += "[" + message.Find("role")->as_string() + "]";
      size_t begin = out.text.size();
      const json::Value* content = message.Find("content");
      if (!content->is_string()) return InvalidArgument("TypeError: content is no string");
      out.text += content->as_string();
      out.from_inputs.push_back({begin, out.text.size()});
    }
    for (const json::Value& message : inputs.messages.as_array()) {
      const json::Value* calls = message.Find("tool_calls");
      if (calls) out.text += json::Dump(*calls);
    }
    if (inputs.tools.is_array()) out.text += "[tools]";
    if (inputs.add_generation_prompt) out.text += "[assistant]";
    return out;
  }
};

std::vector<std::string> Chunks(const std::string& body) {
  std::vector<std::string> chunks;
  for (size_t at = 0; at < body.size();) {
    size_t end = body.find("\n\n", at);
    EXPECT_EQ(body.substr(at, 6), "data: ");
    chunks.push_back(body.substr(at + 6, end - at - 6));
    at = end + 2;
  }
  return chunks;
}

TEST(Chat, AnswersInOpenAisShape) {
  Harness api;
  api.engine->answer = "yo";
  auto exchange = api.Post(kPath, kHello);
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  json::Value body = exchange->json();
  EXPECT_TRUE(At(body, "id").as_string().starts_with("chatcmpl-"));
  EXPECT_EQ(At(body, "object"), "chat.completion");
  EXPECT_EQ(At(body, "model"), "m");
  EXPECT_EQ(At(body, "choices/0/message/role"), "assistant");
  EXPECT_EQ(At(body, "choices/0/message/content"), "yo");
  EXPECT_EQ(At(body, "choices/0/finish_reason"), "stop");
  EXPECT_TRUE(body.Find("choices")->as_array()[0].Find("logprobs")->is_null());
  EXPECT_EQ(At(body, "usage/completion_tokens"), 2);
  EXPECT_FALSE(api.engine->submitted[0].request.max_tokens);  // the rest of the context
}

TEST(Chat, ReportsLogprobs) {
  Harness api;
  api.engine->answer = "a";
  auto exchange = api.Post(kPath, R"({"messages":[{"role":"user","content":"hi"}],"logprobs":true,)"
                                  R"("top_logprobs":2})");
  json::Value body = exchange->json();
  EXPECT_EQ(At(body, "choices/0/logprobs/content/0/token"), "a");
  EXPECT_EQ(At(body, "choices/0/logprobs/content/0/bytes/0"), 97);
  EXPECT_EQ(At(body, "choices/0/logprobs/content/0/logprob"), -0.5);
  EXPECT_EQ(At(body, "choices/0/logprobs/content/0/top_logprobs/1/token"), "b");
  auto wrong = api.Post(kPath, R"({"messages":[{"role":"user","content":"hi"}],"top_logprobs":2})");
  EXPECT_EQ(At(wrong->json(), "error/param"), "top_logprobs");
}

TEST(Chat, StreamsRoleFirstAndDoneLast) {
  Harness api;
  api.engine->answer = "yo";
  auto exchange = api.Post(kPath, R"({"messages":[{"role":"user","content":"hi"}],"stream":true,)"
                                  R"("stream_options":{"include_usage":true}})");
  std::vector<std::string> chunks = Chunks(exchange->body());
  ASSERT_EQ(chunks.size(), 6u) << exchange->body();
  auto chunk = [&](size_t i) { return json::Parse(chunks[i]).value(); };
  EXPECT_EQ(At(chunk(0), "object"), "chat.completion.chunk");
  EXPECT_EQ(At(chunk(0), "choices/0/delta/role"), "assistant");
  EXPECT_EQ(At(chunk(1), "choices/0/delta/content"), "y");
  EXPECT_EQ(At(chunk(2), "choices/0/delta/content"), "o");
  EXPECT_EQ(At(chunk(1), "id"), At(chunk(0), "id"));
  EXPECT_EQ(At(chunk(3), "choices/0/finish_reason"), "stop");
  EXPECT_TRUE(chunk(3).Find("usage")->is_null());
  EXPECT_TRUE(chunk(4).Find("choices")->as_array().empty());
  EXPECT_EQ(At(chunk(4), "usage/completion_tokens"), 2);
  EXPECT_EQ(chunks[5], "[DONE]");
  EXPECT_TRUE(exchange->finished());
}

TEST(Chat, UsageMayComeWithEachChunk) {
  Harness api;
  api.engine->answer = "yo";
  auto exchange = api.Post(kPath, R"({"messages":[{"role":"user","content":"hi"}],"stream":true,)"
                                  R"("stream_options":{"include_usage":true,"continuous_usage_stats":true}})");
  std::vector<std::string> chunks = Chunks(exchange->body());
  ASSERT_EQ(chunks.size(), 6u) << exchange->body();
  auto chunk = [&](size_t i) { return json::Parse(chunks[i]).value(); };
  EXPECT_EQ(At(chunk(1), "usage/prompt_tokens"), 3);
  EXPECT_EQ(At(chunk(1), "usage/completion_tokens"), 1);
  EXPECT_EQ(At(chunk(2), "usage/total_tokens"), 5);
  EXPECT_EQ(At(chunk(4), "usage"), At(chunk(3), "usage"));
}

TEST(Chat, StreamsAnErrorAsAnErrorObject) {
  Harness api;
  auto exchange = api.Post(kPath, R"({"messages":[{"role":"user","content":"hi"}],"stream":true})");
  api.engine->Finish(0, engine::FinishReason::kCancelled);
  exchange->Run();
  std::vector<std::string> chunks = Chunks(exchange->body());
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(At(json::Parse(chunks[0]).value(), "error/type"), "server_error");
  EXPECT_EQ(api.records[0].status, 503);
}

TEST(Chat, WithoutATemplateContentsAreJoinedByNewlines) {
  Harness api;
  api.Post(kPath, R"({"messages":[{"role":"system","content":"be"},{"role":"user","content":)"
                  R"([{"type":"text","text":"a<s>"},{"type":"text","text":"b"}]}]})");
  const engine::Request& request = api.engine->submitted[0].request;
  EXPECT_EQ(PromptText(request), "<s>be\na<s>b");
  EXPECT_EQ(request.prompt[4], 'a');
  EXPECT_EQ(request.prompt[5], '<');  // the caller's "<s>" stays text
}

TEST(Chat, TemplateTextIsParsedForSpecialTokensOutsideTheInputs) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<BracketTemplate>());
  api.Post(kPath, R"({"model":"t","messages":[{"role":"developer","content":"x</s>"}]})");
  const engine::Request& request = fake->submitted[0].request;
  EXPECT_EQ(PromptText(request), "<s>[system]x</s>[assistant]");
  EXPECT_EQ(request.prompt.front(), testing::FakeTokenizer::kBos);  // once, from the template
  EXPECT_EQ(std::count(request.prompt.begin(), request.prompt.end(), testing::FakeTokenizer::kEos),
            0);
  api.Post(kPath, R"({"model":"t","messages":[{"role":"user","content":"x"}],"tools":[{"name":"f"}]})");
  EXPECT_EQ(PromptText(fake->submitted[1].request), "<s>[user]x[tools][assistant]");
  api.Post(kPath, R"({"model":"t","messages":[{"role":"user","content":"x"}],"tools":[{"name":"f"}],)"
                  R"("tool_choice":"none"})");
  EXPECT_EQ(PromptText(fake->submitted[2].request), "<s>[user]x[assistant]");
  api.Post(kPath, R"({"model":"t","messages":[{"role":"assistant","tool_calls":[{"function":)"
                  R"({"name":"f","arguments":"{\"a\":1}"}},{"function":{"arguments":"no"}}]}]})");
  EXPECT_EQ(PromptText(fake->submitted[3].request),
            R"(<s>[assistant][{"function":{"name":"f","arguments":{"a":1}}},)"
            R"({"function":{"arguments":"no"}}][assistant])");
  // Parts are joined for a template that takes none.
  api.Post(kPath, R"({"model":"t","messages":[{"role":"user","content":)"
                  R"([{"type":"text","text":"x"},{"type":"text","text":"y"}]}]})");
  EXPECT_EQ(PromptText(fake->submitted[4].request), "<s>[user]xy[assistant]");
  auto refused = api.Post(kPath, R"({"model":"t","messages":[{"role":"user","content":"x"}],)"
                                 R"("chat_template_kwargs":{"refuse":1}})");
  EXPECT_EQ(refused->status(), 400);
  EXPECT_EQ(At(refused->json(), "error/message"), "the chat template: not this conversation");
}

constexpr char kTools[] =
    R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}])";

std::string Asking(const std::string& more) {
  return StrCat(R"({"model":"t","messages":[{"role":"user","content":"x"}])",
                more.empty() ? "" : ",", more, "}");
}

TEST(Chat, CallsOfToolsComeApart) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<BracketTemplate>());
  fake->answer = "<think>hm</think>Look:\n<tool_call>\n{\"name\":\"f\",\"arguments\":{\"a\":1}}\n</tool_call>";
  json::Value body = api.Post(kPath, Asking(kTools))->json();
  EXPECT_EQ(At(body, "choices/0/message/content"), "Look:");
  EXPECT_EQ(At(body, "choices/0/message/reasoning_content"), "hm");
  EXPECT_EQ(At(body, "choices/0/message/tool_calls/0/function/name"), "f");
  EXPECT_EQ(At(body, "choices/0/message/tool_calls/0/function/arguments"), R"({"a":1})");
  EXPECT_TRUE(At(body, "choices/0/message/tool_calls/0/id").as_string().starts_with("call_"));
  EXPECT_EQ(At(body, "choices/0/finish_reason"), "tool_calls");

  // Without tools, or where none is to be called, a call is text.
  for (const std::string& more : {std::string(), StrCat(kTools, R"(,"tool_choice":"none")")}) {
    body = api.Post(kPath, Asking(more))->json();
    EXPECT_NE(At(body, "choices/0/message/content").as_string().find("<tool_call>"),
              std::string::npos);
    EXPECT_EQ(At(body, "choices/0/finish_reason"), "stop");
  }
}

// Each letter is a token: two of a thought, and the eight of the mark that ends it.
TEST(Chat, TokensOfReasoningAreCounted) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<BracketTemplate>());
  fake->answer = "<think>hm</think>Look.";
  constexpr char kReasoning[] = "completion_tokens_details/reasoning_tokens";
  json::Value usage = At(api.Post(kPath, Asking(""))->json(), "usage");
  EXPECT_EQ(At(usage, kReasoning), 10) << json::Dump(usage);
  EXPECT_EQ(At(usage, "completion_tokens"), 22);
  usage = At(api.Post(kPath, Asking(R"("n":3)"))->json(), "usage");
  EXPECT_EQ(At(usage, kReasoning), 30) << json::Dump(usage);

  for (const char* options : {R"("include_usage":true)", R"("continuous_usage_stats":true)"}) {
    auto streamed = api.Post(kPath, Asking(StrCat(R"("stream":true,"stream_options":{)", options, "}")));
    int64_t most = -1;
    for (const std::string& chunk : Chunks(streamed->body())) {
      if (chunk == "[DONE]") continue;
      const json::Value tokens = At(json::Parse(chunk).value(), StrCat("usage/", kReasoning));
      if (!tokens.is_int()) continue;
      EXPECT_GE(tokens.as_int(), most);
      most = tokens.as_int();
    }
    EXPECT_EQ(most, 10) << options;
  }
  // All of an answer that was cut within a thought.
  fake->answer = "<think>hmm";
  EXPECT_EQ(At(api.Post(kPath, Asking(""))->json(), StrCat("usage/", kReasoning)), 3);
}

// A model that does not reason has the usage that it always had.
TEST(Chat, UsageWithoutReasoningHasNoDetailsOfIt) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<BracketTemplate>(), "<tool_call>");
  fake->answer = "Look.";
  const json::Value usage = At(api.Post(kPath, Asking(kTools))->json(), "usage");
  EXPECT_EQ(At(usage, "completion_tokens"), 5);
  EXPECT_FALSE(usage.Find("completion_tokens_details")) << json::Dump(usage);
}

TEST(Chat, StreamedCallsAddUp) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<BracketTemplate>());
  fake->answer = "Hi <tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}</tool_call>"
                 "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>";
  auto exchange = api.Post(kPath, Asking(StrCat(kTools, R"(,"stream":true)")));
  std::string content, reason;
  std::vector<std::string> names, arguments;
  for (const std::string& chunk : Chunks(exchange->body())) {
    if (chunk == "[DONE]") continue;
    const json::Value choice = At(json::Parse(chunk).value(), "choices/0");
    const json::Value& delta = *choice.Find("delta");
    if (const json::Value* text = delta.Find("content")) content += text->as_string();
    if (const json::Value* why = choice.Find("finish_reason"); why->is_string()) reason = why->as_string();
    const json::Value* calls = delta.Find("tool_calls");
    if (!calls) continue;
    const json::Value& call = calls->as_array()[0];
    const auto index = static_cast<size_t>(call.Find("index")->as_int());
    if (index == names.size()) {
      EXPECT_TRUE(call.Find("id"));
      names.push_back(At(call, "function/name").as_string());
      arguments.emplace_back();
    }
    arguments[index] += At(call, "function/arguments").as_string();
  }
  EXPECT_EQ(content, "Hi");
  EXPECT_EQ(names, (std::vector<std::string>{"f", "f"}));
  EXPECT_EQ(arguments, (std::vector<std::string>{R"({"a":1})", "{}"}));
  EXPECT_EQ(reason, "tool_calls");

  // One call at most, where the caller says so.
  exchange = api.Post(kPath, Asking(StrCat(kTools, R"(,"parallel_tool_calls":false)")));
  EXPECT_EQ(At(exchange->json(), "choices/0/message/tool_calls").as_array().size(), 1u);
}

TEST(Chat, TheOlderFormOfToolsIsAnsweredInItsShape) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<BracketTemplate>());
  fake->answer = "<tool_call>{\"name\":\"f\",\"arguments\":{\"a\":1}}</tool_call>";
  json::Value body = api.Post(kPath, Asking(R"("functions":[{"name":"f"}])"))->json();
  EXPECT_EQ(At(body, "choices/0/message/function_call/name"), "f");
  EXPECT_EQ(At(body, "choices/0/message/function_call/arguments"), R"({"a":1})");
  EXPECT_EQ(At(body, "choices/0/finish_reason"), "function_call");
  auto exchange = api.Post(kPath, Asking(R"("functions":[{"name":"f"}],"stream":true)"));
  EXPECT_NE(exchange->body().find(R"("delta":{"function_call":{"name":"f")"), std::string::npos)
      << exchange->body();
  // What was called, and what came of it, goes to the template in the newer form.
  api.Post(kPath, R"({"model":"t","messages":[{"role":"assistant","content":"","function_call":)"
                  R"({"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"y"}]})");
  EXPECT_NE(PromptText(fake->submitted[2].request).find("[tool]y"), std::string::npos);
}

bool Takes(const engine::Request& request, std::string_view text) {
  if (!request.grammar) return false;
  grammar::GrammarMatcher matcher(request.grammar);
  return matcher.AcceptBytes(text) && matcher.IsAccepting();
}

TEST(Chat, CallsAreHeldToTheirSchema) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<BracketTemplate>());
  fake->answer = "<tool_call>{\"name\":\"f\",\"arguments\":{}}</tool_call>";
  constexpr std::string_view kCall = "<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>";
  constexpr std::string_view kBroken = "<tool_call>\n{\"name\": \"f\", \"arguments\": [}\n</tool_call>";
  struct Case {
    const char* choice;
    bool text;  // whether text will do, too
  };
  for (const Case& c : {Case{R"("auto")", true}, Case{R"("required")", false},
                        Case{R"({"type":"function","function":{"name":"f"}})", false}}) {
    auto exchange = api.Post(kPath, Asking(StrCat(kTools, R"(,"tool_choice":)", c.choice)));
    ASSERT_EQ(exchange->status(), 200) << exchange->body();
    EXPECT_EQ(At(exchange->json(), "choices/0/finish_reason"), "tool_calls");
    const engine::Request& request = fake->submitted.back().request;
    EXPECT_TRUE(Takes(request, kCall)) << c.choice;
    EXPECT_FALSE(Takes(request, kBroken)) << c.choice;
    EXPECT_EQ(Takes(request, "Hello."), c.text) << c.choice;
  }
  api.Post(kPath, Asking(StrCat(kTools, R"(,"tool_choice":"none")")));
  EXPECT_FALSE(fake->submitted.back().request.grammar);
}

TEST(Chat, ThinkingHasABudget) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<BracketTemplate>());
  for (const char* more : {R"("thinking_budget":5)", R"("thinking_token_budget":5)",
                           R"("reasoning":{"max_tokens":5,"effort":"low"})"}) {
    EXPECT_EQ(api.Post(kPath, Asking(more))->status(), 0) << more;
    const auto& reasoning = fake->submitted.back().request.reasoning;
    ASSERT_TRUE(reasoning) << more;
    EXPECT_EQ(reasoning->tokens_max, 5);
    EXPECT_EQ(reasoning->close, "</think>");
  }
  api.Post(kPath, Asking(R"("reasoning_effort":"none")"));
  EXPECT_FALSE(fake->submitted.back().request.reasoning);
  for (const char* more : {R"("reasoning_effort":"lots")", R"("reasoning":{"max_tokens":-1})",
                           R"("reasoning":{"wish":1})", R"("thinking_budget":-1)"}) {
    EXPECT_EQ(api.Post(kPath, Asking(more))->status(), 400) << more;
  }
}

TEST(Chat, ToolsThatAreNoneAreRefused) {
  Harness api;
  struct Case {
    std::string more;
    const char* param;
  };
  const Case cases[] = {
      {R"("tools":[{"type":"function","function":{"name":"a b"}}])", "tools[0].function.name"},
      {R"("tools":[{"type":"function","function":{"name":"f","parameters":[]}}])",
       "tools[0].function.parameters"},
      {R"("tools":[{"type":"web_search"}])", "tools[0].type"},
      {R"("tool_choice":"required")", "tool_choice"},
      {R"("tool_choice":"often")", "tool_choice"},
      {StrCat(kTools, R"(,"tool_choice":{"type":"function","function":{"name":"g"}})"), "tool_choice"},
      {StrCat(kTools, R"(,"parallel_tool_calls":1)"), "parallel_tool_calls"},
      {R"("functions":[{"name":"f"},{"name":"f"}])", "functions"},
      {R"("functions":[{"name":"f"}],"function_call":{"name":"g"})", "function_call"},
      {StrCat(kTools, R"(,"functions":[{"name":"f"}])"), "functions"},
  };
  for (const Case& c : cases) {
    auto exchange = api.Post(kPath, StrCat(R"({"messages":[{"role":"user","content":"x"}],)", c.more, "}"));
    EXPECT_EQ(exchange->status(), 400) << c.more;
    EXPECT_EQ(At(exchange->json(), "error/param"), c.param) << exchange->body();
  }
}

TEST(Chat, TheFinalMessageIsContinued) {
  Harness api;
  auto* fake = api.AddModel("t", "1", true, std::make_shared<BracketTemplate>());
  auto ask = [&](std::string_view last, std::string_view more) {
    return api.Post(kPath, StrCat(R"({"model":"t","messages":[{"role":"user","content":"x"},)", last, "],", more,
                                  R"("continue_final_message":true})"));
  };
  fake->answer = "!";
  auto exchange = ask(R"({"role":"assistant","content":"Once <s>"})", R"("add_generation_prompt":false,)");
  ASSERT_EQ(exchange->status(), 200) << exchange->body();
  const engine::Request& request = fake->submitted.back().request;
  EXPECT_EQ(PromptText(request), "<s>[user]x[assistant]Once <s>");
  EXPECT_EQ(request.prompt.back(), '>');   // what the caller wrote stays text
  for (auto refused : {ask(R"({"role":"user","content":"y"})", ""), ask(R"({"role":"assistant","content":null})", ""),
                       ask(R"({"role":"assistant","content":"y"})", R"("add_generation_prompt":true,)")}) {
    EXPECT_EQ(At(refused->json(), "error/param"), "continue_final_message") << refused->body();
  }
}

TEST(Chat, RefusesWhatItCannotDo) {
  struct Case {
    const char* body;
    const char* param;
  };
  const Case cases[] = {
      {R"({"messages":[]})", "messages"},
      {R"({})", "messages"},
      {R"({"messages":"hi"})", "messages"},
      {R"({"messages":[{"role":"boss","content":"x"}]})", "messages"},
      {R"({"messages":[{"content":"x"}]})", "messages"},
      {R"({"messages":[{"role":"user"}]})", "messages"},
      {R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})", "messages"},
      {R"({"messages":[{"role":"user","content":"x"}],"response_format":{"type":"xml"}})",
       "response_format"},
      {R"({"messages":[{"role":"user","content":"x"}],"tool_choice":"required"})", "tool_choice"},
      {R"({"messages":[{"role":"user","content":"x"}],"temperature":3})", "temperature"},
      {R"({"messages":[{"role":"user","content":"x"}],"max_completion_tokens":0})",
       "max_completion_tokens"},
  };
  Harness api;
  for (const Case& c : cases) {
    auto exchange = api.Post(kPath, c.body);
    EXPECT_EQ(exchange->status(), 400) << c.body;
    EXPECT_EQ(At(exchange->json(), "error/param"), c.param) << exchange->body();
  }
}

}  // namespace
}  // namespace pano::api::openai
