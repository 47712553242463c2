// What the known answers do not hold: formats without public cases, texts that imitate calls, limits.
#include "model/tools/message_parser.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/strings.h"
#include "model/tools/message_json.h"
#include "model/tools/testing/parsing.h"

namespace pano::tools {
namespace {

ToolsPtr SomeTools() {
  static const auto tools = std::make_shared<const Tools>(
      ReadTools(json::Parse(R"([{"name":"f","parameters":{"type":"object","properties":{
          "a":{"type":"string"},"b":{"type":"integer"}}}},{"name":"add"}])")
                    .value())
          .value());
  return tools;
}

// The message as one line of JSON, the same however it is cut.
std::string Read(const char* chat_template, std::string_view output, ParserSettings settings = {}) {
  settings.tools = SomeTools();
  const ToolFormatPtr format = ToolFormat::Detect(chat_template);
  size_t splits = 0;
  EXPECT_EQ(testing::CheckSplits(*format, settings, output, &splits), "") << output;
  return json::Dump(MessageJson(testing::ParseWhole(*format, settings, output)));
}

std::string Call(const std::string& name, const std::string& arguments, int index = 0) {
  std::string quoted;
  json::AppendQuoted(quoted, arguments);
  return StrCat(R"({"id":"call_)", index, R"(","type":"function","function":{"name":")", name,
                R"(","arguments":)", quoted, "}}");
}

std::string Calls(const std::string& calls) {
  return StrCat(R"({"role":"assistant","content":null,"tool_calls":[)", calls, "]}");
}

std::string Content(const std::string& text) {
  std::string quoted;
  json::AppendQuoted(quoted, text);
  return StrCat(R"({"role":"assistant","content":)", quoted, "}");
}

TEST(MessageParser, FamiliesWithoutPublicCases) {
  const std::string one = Calls(Call("f", R"({"a": "x"})"));
  EXPECT_EQ(Read("<|tool_call>call:", R"(<|tool_call>call:f{a:<|"|>x<|"|>}<tool_call|>)"), one);
  EXPECT_EQ(Read("Action:```json tool_name",
                 "Action:\n```json\n[\n  {\n    \"tool_name\": \"f\",\n    \"parameters\": {\"a\": "
                 "\"x\"}\n  }\n]```"),
            one);
  EXPECT_EQ(Read("<seed:tool_call>",
                 "<seed:tool_call>\n<function=f>\n<parameter=a>x</parameter>\n</function>\n"
                 "</seed:tool_call>"),
            one);
  EXPECT_EQ(Read("<minimax:tool_call>",
                 "<minimax:tool_call>\n<invoke name=\"f\">\n<parameter name=\"a\">x</parameter>\n"
                 "</invoke>\n</minimax:tool_call>"),
            one);
  EXPECT_EQ(Read("<use_mcp_tool>",
                 "<use_mcp_tool>\n<server_name>s</server_name>\n<tool_name>f</tool_name>\n"
                 "<arguments>\n{\"a\": \"x\"}\n</arguments>\n</use_mcp_tool>"),
            one);
  EXPECT_EQ(Read("<tool_calls>[", R"(<tool_calls>[{"name": "f", "arguments": {"a": "x"}}]</tool_calls>)"),
            one);
  EXPECT_EQ(Read("<|tool_call|>", R"(<|tool_call|>[{"name": "f", "arguments": {"a": "x"}}])"), one);
  EXPECT_EQ(Read("<|function_call|>", R"(<|function_call|>{"name": "f", "arguments": {"a": "x"}})"),
            one);
  EXPECT_EQ(Read("functools[", R"( functools[{"name": "f", "arguments": {"a": "x"}}])"), one);
  EXPECT_EQ(Read("<function_calls>", "<function_calls>\nf(a='x')\n</function_calls>"), one);
  EXPECT_EQ(Read("[func_name1(", "[f(a=\"x\")]"), one);
  EXPECT_EQ(Read(">>>all", ">>>f\n{\"a\": \"x\"}"), one);
  EXPECT_EQ(Read(">>>all", "f\n{\"a\": \"x\"}", {.prompt_end = "\n\n>>>"}), one);
  EXPECT_EQ(Read(">>>all", "all\nHi.", {.prompt_end = "\n\n>>>"}), Content("Hi."));
  EXPECT_EQ(Read("<|START_ACTION|>", "<|START_RESPONSE|>Hi.<|END_RESPONSE|>"), Content("Hi."));
}

TEST(MessageParser, MistralInItsThreeForms) {
  const char* old = "[TOOL_CALLS]";
  const std::string arguments = R"({"a": "x"})";
  EXPECT_EQ(Read(old, R"([TOOL_CALLS] [{"name": "f", "arguments": {"a": "x"}}])"),
            Calls(Call("f", arguments)));
  EXPECT_EQ(Read("[TOOL_CALLS][ARGS]", "[TOOL_CALLS]f[ARGS]{\"a\": \"x\"}"), Calls(Call("f", arguments)));
  const std::string with_id = Read("[TOOL_CALLS][ARGS]", "[TOOL_CALLS]f[CALL_ID]abc123456[ARGS]{}");
  EXPECT_NE(with_id.find(R"("id":"abc123456")"), std::string::npos) << with_id;
}

TEST(MessageParser, HarmonyHasChannels) {
  const char* gpt_oss = "<|start|><|channel|><|message|>";
  EXPECT_EQ(Read(gpt_oss, "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final"
                          "<|message|>Four."),
            R"({"role":"assistant","content":"Four.","reasoning_content":"Hm."})");
  const std::string one = Calls(Call("f", R"({"a": "x"})"));
  EXPECT_EQ(Read(gpt_oss, "<|channel|>commentary to=functions.f <|constrain|>json<|message|>"
                          "{\"a\": \"x\"}"),
            one);
  EXPECT_EQ(Read(gpt_oss, " to=functions.f<|channel|>commentary json<|message|>{\"a\": \"x\"}<|call|>"),
            one);
  EXPECT_EQ(Read(gpt_oss, "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant to="
                          "functions.f<|channel|>commentary<|message|>{\"a\": \"x\"}"),
            StrCat(R"({"role":"assistant","content":"I look.","tool_calls":[)",
                   Call("f", R"({"a": "x"})"), "]}"));
  EXPECT_EQ(Read(gpt_oss, "<|channel|>commentary to=functions.f<|message|>{\"a\": x}"),
            Content("{\"a\": x}"));
  EXPECT_EQ(Read(gpt_oss, "<|channel|>commentary to=functions.g<|message|>{}"), Content("{}"));
  EXPECT_EQ(Read(gpt_oss, "Just text."), Content("Just text."));
}

TEST(MessageParser, WhatImitatesACallStaysText) {
  const char* hermes = "<tool_call>";
  for (const char* text : {
           "```json\n{\"name\": \"f\", \"arguments\": {}}\n```",
           "```\n<tool_call>\n{\"name\": \"f\", \"arguments\": {}}\n</tool_call>\n```",
           // A fence is closed by as many of the same, alone on their line.
           "````md\n```json\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\n```\n````",
           "```\n~~~\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>\n~~~\n```",
           "```\na\n```json\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>",
           "~~~ a`b\n<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>",
           "- x\n\n      ```\n      <tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>",
           "<tool_call>{\"name\": \"g\", \"arguments\": {}}</tool_call>",
           "<tool_call>{\"name\": \"f\", \"arguments\": [1]}</tool_call>",
           "<tool_call>{\"name\": \"f\", \"arguments\": {\"a\": \"\\ud83e\"}}</tool_call>",
           "<tool_call>{\"arguments\": {}}</tool_call>",
           "<tool_call></tool_call>",
           "<tool_call>{\"name\": \"f\", \"name\": \"f\"}</tool_call>",
       }) {
    EXPECT_EQ(Read(hermes, text), Content(text)) << text;
  }
  EXPECT_EQ(Read("\"name\": function name, \"parameters\"", "[1] says {\"name\": \"f\"}"),
            Content("[1] says {\"name\": \"f\"}"));
}

TEST(MessageParser, CallsAreReadBehindTextThatFailed) {
  const std::string message = Read("<tool_call>",
                                   "<tool_call>no<tool_call>{\"name\": \"f\" <tool_call>\n"
                                   "{\"name\": \"f\", \"arguments\": {\"a\": \"x\"}}\n</tool_call>");
  EXPECT_NE(message.find(Call("f", R"({"a": "x"})")), std::string::npos) << message;
  // A closing mark that is missing costs nothing.
  EXPECT_EQ(Read("<tool_call>",
                 "<tool_call>{\"name\": \"f\", \"arguments\": {}}\n<tool_call>{\"name\": \"add\"}"),
            Calls(Call("f", "{}") + "," + Call("add", "{}", 1)));
  // Closed code blocks are over.
  for (const char* before : {"```sh\nls\n```\n", "```sh\nls\n````  \r\n", "~~~\n```\n~~~\n", "```code``` in a line\n",
                             "```js a`b\n", "````\n```\n````\n", "a ``` b\n", "``\n"}) {
    const std::string closed =
        Read("<tool_call>", StrCat(before, "<tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>"));
    EXPECT_NE(closed.find(Call("f", "{}")), std::string::npos) << before << closed;
  }
}

TEST(MessageParser, ArgumentsComeInManyShapes) {
  const char* hermes = "<tool_call>";
  const std::string one = Calls(Call("f", R"({"a":"x"})"));
  EXPECT_EQ(Read(hermes, R"(<tool_call>{"arguments":{"a":"x"},"name":"f"}</tool_call>)"), one);
  EXPECT_EQ(Read(hermes, R"(<tool_call>{"name":"f","arguments":"{\"a\":\"x\"}"}</tool_call>)"), one);
  EXPECT_EQ(Read(hermes, R"(<tool_call>[{"name":"f","parameters":{"a":"x"}}]</tool_call>)"), one);
  EXPECT_EQ(Read(hermes, R"(<tool_call>{"type":"function","function":{"name":"f","arguments":{"a":"x"}}})"),
            one);
  EXPECT_EQ(Read(hermes, R"(<tool_call>{"name":"add","arguments":null}</tool_call>)"),
            Calls(Call("add", "{}")));
}

TEST(MessageParser, StreamsArgumentsOfConstrainedText) {
  const ToolFormatPtr format = ToolFormat::Detect("<tool_call>");
  const auto parser = format->MakeParser({.tools = SomeTools(), .trusted = true});
  MessageDelta first, second, last;
  parser->Append("<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"b", &first);
  parser->Append("cd", &second);
  parser->Finish(&last);
  ASSERT_EQ(first.calls.size(), 1u);
  EXPECT_EQ(first.calls[0].name, "f");
  EXPECT_EQ(first.calls[0].arguments, "{\"a\": \"b");
  ASSERT_EQ(second.calls.size(), 1u);
  EXPECT_EQ(second.calls[0].arguments, "cd");
  EXPECT_EQ(second.calls[0].name, "");
  EXPECT_TRUE(last.empty());
}

TEST(MessageParser, WithoutToolsCallsAreText) {
  const ToolFormatPtr format = ToolFormat::Detect("<tool_call></think>");
  const std::string text = "<tool_call>{\"name\": \"f\"}</tool_call> ";
  EXPECT_EQ(testing::ParseWhole(*format, {}, text).content, text);
  const Message thought = testing::ParseWhole(*format, {.prompt_end = "<think>\n"}, "a\n</think>\n\nb");
  EXPECT_EQ(thought.reasoning, "a");
  EXPECT_EQ(thought.content, "b");
}

TEST(MessageParser, DeltasInOpenAisShape) {
  MessageDelta delta{.content = "c", .reasoning = "r", .calls = {{0, "i", "f", "{"}, {1, "", "", "}"}}};
  const auto objects = DeltaJson(delta);
  ASSERT_EQ(objects.size(), 4u);
  EXPECT_EQ(json::Dump(objects[0]), R"({"reasoning_content":"r"})");
  EXPECT_EQ(json::Dump(objects[1]), R"({"content":"c"})");
  EXPECT_EQ(json::Dump(objects[2]), R"({"tool_calls":[{"index":0,"id":"i","type":"function",)"
                                    R"("function":{"name":"f","arguments":"{"}}]})");
  EXPECT_EQ(json::Dump(objects[3]), R"({"tool_calls":[{"index":1,"function":{"arguments":"}"}}]})");
}

// Text that begins a call again and again, and never ends one, was read once for each beginning.
TEST(MessageParser, WorkIsLinearInTheText) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "<tool_call>\n<function=f>\n<parameter=a>\n";
  for (const char* chat_template : {"<function=<parameter=", "<tool_call>", "<|python_tag|>"}) {
    const ToolFormatPtr format = ToolFormat::Detect(chat_template);
    const auto begun = std::chrono::steady_clock::now();
    const Message message = testing::ParseWhole(*format, {.tools = SomeTools()}, text);
    const auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_TRUE(message.calls.empty());
    EXPECT_EQ(Trim(message.content), Trim(text));
    EXPECT_LT(took, std::chrono::seconds(5));
  }
}

}  // namespace
}  // namespace pano::tools
