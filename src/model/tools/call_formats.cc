#include "model/tools/call_format.h"

namespace pano::tools {
namespace {

using Kind = CallStep::Kind;

CallStep Text(std::string text) { return {.kind = Kind::kText, .text = std::move(text)}; }
CallStep Maybe(std::string text) { return {.kind = Kind::kOptionalText, .text = std::move(text)}; }
CallStep Blanks(std::string usual = {}) {
  return {.kind = Kind::kBlanks, .text = std::move(usual)};
}
CallStep Name() { return {.kind = Kind::kName}; }
CallStep Id(std::string pattern) { return {.kind = Kind::kId, .text = std::move(pattern)}; }
CallStep UpTo(std::string text, std::string usual) {
  return {.kind = Kind::kUpTo, .text = std::move(text), .usual = std::move(usual)};
}
CallStep Json() { return {.kind = Kind::kJson}; }
CallStep Marked() { return {.kind = Kind::kMarked}; }
CallStep Tags(TagForm tags) { return {.kind = Kind::kTags, .tags = std::move(tags)}; }
CallStep Objects(ObjectForm form = ObjectForm::kNamed) {
  return {.kind = Kind::kObjects, .form = form};
}
CallStep List(ObjectForm form = ObjectForm::kNamed) {
  return {.kind = Kind::kObjects, .form = form, .list = true};
}
// With "parameters" instead of "arguments".
CallStep Parameters(CallStep objects, std::string name_key) {
  objects.name_key = std::move(name_key);
  objects.arguments_key = "parameters";
  return objects;
}
CallStep Numbered(CallStep objects, std::string id_key) {
  objects.id_key = std::move(id_key);
  return objects;
}
CallStep Python() { return {.kind = Kind::kPython}; }
CallStep PythonList() { return {.kind = Kind::kPython, .list = true}; }

TagForm ParameterTags(bool own_lines) {
  return {.key_begin = "<parameter=",
          .key_end = ">",
          .value_end = "</parameter>",
          .close = "</function>",
          .own_lines = own_lines};
}

TagForm InvokeTags(const std::string& mark) {
  return {.key_begin = "<" + mark + "parameter name=\"",
          .key_end = "\"",
          .tag_end = ">",
          .value_end = "</" + mark + "parameter>",
          .close = "</" + mark + "invoke>"};
}

// <mark:block><invoke name="f"><parameter name="k">v</parameter></invoke></mark:block>
CallFormat Invokes(std::string name, std::vector<std::string> signature, const std::string& mark,
                   const std::string& block) {
  return {.name = std::move(name),
          .signatures = {std::move(signature)},
          .begin = "<" + block + ">",
          .end = "</" + block + ">",
          .calls = {{Text("<" + mark + "invoke name=\""), Name(), Text("\">"), Blanks("\n"),
                     Tags(InvokeTags(mark))}},
          .many = true,
          .one_section = true};
}

constexpr char kDeepSeekBegin[] = "<｜tool▁calls▁begin｜>";
constexpr char kDeepSeekEnd[] = "<｜tool▁calls▁end｜>";
constexpr char kDeepSeekCall[] = "<｜tool▁call▁begin｜>";
constexpr char kDeepSeekSeparator[] = "<｜tool▁sep｜>";
constexpr char kDeepSeekCallEnd[] = "<｜tool▁call▁end｜>";

std::vector<CallFormat> MakeFormats() {
  return {
      {.name = "gemma",
       .signatures = {{"<|tool_call>call:"}},
       .calls = {{Text("<|tool_call>"), Blanks(), Text("call:"), Name(), Marked(), Blanks(),
                  Text("<tool_call|>")}},
       .dropped = {"<|tool_response>"}},
      Invokes("deepseek-v3.2", {"｜DSML｜", "function_calls>"}, "｜DSML｜", "｜DSML｜function_calls"),
      Invokes("deepseek-v4", {"｜DSML｜"}, "｜DSML｜", "｜DSML｜tool_calls"),
      {.name = "deepseek-r1",
       .signatures = {{kDeepSeekBegin, "```json"}},
       .begin = kDeepSeekBegin,
       .end = kDeepSeekEnd,
       .calls = {{Text(kDeepSeekCall), UpTo(kDeepSeekSeparator, "function"), Name(), Blanks("\n"),
                  Text("```json"), Blanks("\n"), Json(), Blanks("\n"), Text("```"), Blanks(),
                  Text(kDeepSeekCallEnd)}},
       .many = true,
       .one_section = true},
      {.name = "deepseek-v3.1",
       .signatures = {{kDeepSeekBegin}},
       .begin = kDeepSeekBegin,
       .end = kDeepSeekEnd,
       .calls = {{Text(kDeepSeekCall), Blanks(), Name(), Text(kDeepSeekSeparator), Blanks(), Json(),
                  Blanks(), Text(kDeepSeekCallEnd)}},
       .many = true,
       .one_section = true},
      {.name = "kimi",
       .signatures = {{"<|tool_calls_section_begin|>"}},
       .begin = "<|tool_calls_section_begin|>",
       .end = "<|tool_calls_section_end|>",
       .calls = {{Text("<|tool_call_begin|>"), Blanks(), Maybe("functions."), Name(), Text(":"),
                  Id("functions.{name}:{id}"), Blanks(), Text("<|tool_call_argument_begin|>"),
                  Blanks(), Json(), Blanks(), Text("<|tool_call_end|>")}},
       .many = true,
       .one_section = true,
       .ends_reasoning = true},
      {.name = "command-r7b",
       .signatures = {{"<|START_ACTION|>"}},
       .begin = "<|START_ACTION|>",
       .end = "<|END_ACTION|>",
       .calls = {{Numbered(Parameters(List(), "tool_name"), "tool_call_id")}},
       .dropped = {"<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"}},
      {.name = "command-r-plus",
       .signatures = {{"Action:", "```json", "tool_name"}},
       .calls = {{Text("Action:"), Blanks("\n"), Text("```json"), Blanks("\n"),
                  Parameters(List(), "tool_name"), Blanks(), Text("```")}}},
      {.name = "seed-oss",
       .signatures = {{"<seed:tool_call>"}},
       .begin = "<seed:tool_call>",
       .end = "</seed:tool_call>",
       .calls = {{Text("<function="), Name(), Text(">"), Blanks("\n"),
                  Tags(ParameterTags(/*own_lines=*/false))}},
       .many = true},
      Invokes("minimax", {"<minimax:tool_call>"}, "", "minimax:tool_call"),
      {.name = "glm",
       .signatures = {{"<arg_key>"}},
       .calls = {{Text("<tool_call>"), Blanks(), Name(), Blanks(),
                  Tags({.key_begin = "<arg_key>",
                        .key_end = "</arg_key>",
                        .value_begin = "<arg_value>",
                        .value_end = "</arg_value>",
                        .close = "</tool_call>"})}}},
      {.name = "qwen3-coder",
       .signatures = {{"<function=", "<parameter="}},
       .begin = "<tool_call>",
       .end = "</tool_call>",
       .other_begins = {},
       .calls = {{Text("<function="), Name(), Text(">"), Blanks("\n"),
                  Tags(ParameterTags(/*own_lines=*/true))},
                 {Objects()}},
       .many = true},
      {.name = "functionary-v3.1",
       .signatures = {{"<function="}},
       .calls = {{Text("<function="), Name(), Text(">"), Blanks(), Json(), Blanks(),
                  Text("</function>")}}},
      {.name = "functionary-v3.2",
       .signatures = {{">>>all"}, {">>>${recipient}"}},
       .begin = ">>>",
       .calls = {{Name(), Blanks("\n"), Json()}},
       .text_mark = "all\n"},
      {.name = "mcp",
       .signatures = {{"<use_mcp_tool>"}},
       .begin = "<use_mcp_tool>",
       .end = "</use_mcp_tool>",
       .calls = {{Text("<server_name>"), UpTo("</server_name>", "tools"), Blanks("\n"), Text("<tool_name>"),
                  Blanks(), Name(), Blanks(), Text("</tool_name>"), Blanks("\n"),
                  Text("<arguments>"), Blanks("\n"), Json(), Blanks("\n"),
                  Text("</arguments>")}},
       .many = true,
       .one_section = true},
      {.name = "hermes",
       .signatures = {{"<tool_call>"}},
       .begin = "<tool_call>",
       .end = "</tool_call>",
       .calls = {{Objects()}},
       .many = true},
      {.name = "apriel",
       .signatures = {{"<tool_calls>"}},
       .begin = "<tool_calls>",
       .end = "</tool_calls>",
       .calls = {{List()}},
       .many = true,
       .one_section = true,
       .ends_reasoning = true,
       .dropped = {"[END FINAL RESPONSE]"}},
      {.name = "mistral",
       .signatures = {{"[TOOL_CALLS]", "[CALL_ID]"}},
       .begin = "[TOOL_CALLS]",
       .calls = {{Name(), Maybe("[CALL_ID]"), Id("{id}"), Text("[ARGS]"), Blanks(), Json()},
                 {Objects()}},
       .short_ids = true},
      {.name = "mistral",
       .signatures = {{"[TOOL_CALLS]", "[ARGS]"}},
       .begin = "[TOOL_CALLS]",
       .calls = {{Name(), Maybe("[CALL_ID]"), Id("{id}"), Text("[ARGS]"), Blanks(), Json()},
                 {Objects()}},
       .short_ids = true},
      {.name = "mistral-v3",
       .signatures = {{"[TOOL_CALLS]"}},
       .begin = "[TOOL_CALLS]",
       .calls = {{List()},
                 {Name(), Maybe("[CALL_ID]"), Id("{id}"), Text("[ARGS]"), Blanks(), Json()}},
       .short_ids = true},
      {.name = "granite",
       .signatures = {{"<|tool_call|>"}},
       .begin = "<|tool_call|>",
       .other_begins = {"<tool_call>"},
       .calls = {{List()}},
       .dropped = {"<|/tool_call|>", "</tool_call>", "<response>", "</response>"}},
      {.name = "gigachat-v3.1",
       .signatures = {{"<|function_call|>"}},
       .calls = {{Text("<|function_call|>"), Blanks(), Objects()}}},
      {.name = "gigachat",
       .signatures = {{"function call", "<|role_sep|>"}},
       .calls = {{Text("<|message_sep|>\n\nfunction call<|role_sep|>"), Blanks("\n"), Objects()}},
       .dropped = {}},
      {.name = "apertus",
       .signatures = {{"<|tools_prefix|>"}},
       .begin = "<|tools_prefix|>",
       .end = "<|tools_suffix|>",
       .calls = {{List(ObjectForm::kKeyed)}}},
      {.name = "firefunction",
       .signatures = {{"functools["}},
       .calls = {{Text("functools"), Blanks(), List()}}},
      {.name = "lfm2",
       .signatures = {{"<|tool_call_start|>"}, {"<|tool_list_start|>"}, {"List of tools: ["}},
       .begin = "<|tool_call_start|>",
       .end = "<|tool_call_end|>",
       .calls = {{Python()}, {Objects()}}},
      {.name = "olmo",
       .signatures = {{"<function_calls>"}},
       .begin = "<function_calls>",
       .end = "</function_calls>",
       .calls = {{Python()}, {Objects()}},
       .many = true,
       .one_section = true},
      {.name = "internlm",
       .signatures = {{"<|action_start|>", "<|plugin|>"}},
       .begin = "<|action_start|><|plugin|>",
       .end = "<|action_end|>",
       .calls = {{Parameters(Objects(), "name")}},
       .many = true},
      {.name = "llama-pythonic",
       .signatures = {{"[func_name1("}, {"<|python_start|>"}},
       .begin = "<|python_start|>",
       .end = "<|python_end|>",
       .other_begins = {"<|python_tag|>"},
       .calls = {{PythonList()}, {Objects(ObjectForm::kBare)}},
       .at_start = true},
      {.name = "llama",
       .signatures = {{"\"name\": function name", "\"parameters\""},
                      {"Environment: ipython"},
                      {"<|python_tag|>"}},
       .begin = "<|python_tag|>",
       .calls = {{Parameters(Objects(ObjectForm::kBare), "name")}, {Python()}},
       .at_start = true},
      // Of other templates: what most models were taught.
      {.name = "generic",
       .signatures = {{}},
       .begin = "<tool_call>",
       .end = "</tool_call>",
       .calls = {{Objects()}},
       .many = true},
  };
}

}  // namespace

const std::vector<CallFormat>& CallFormats() {
  static const std::vector<CallFormat> formats = MakeFormats();
  return formats;
}

const std::vector<ReasoningFormat>& ReasoningFormats() {
  static const std::vector<ReasoningFormat> formats = {
      {{"<|START_THINKING|>"}, "<|START_THINKING|>", "<|END_THINKING|>", true},
      {{"[THINK]"}, "[THINK]", "[/THINK]", true},
      {{"<seed:think>"}, "<seed:think>", "</seed:think>"},
      {{"<|channel>thought"}, "<|channel>thought", "<channel|>", true},
      {{"<|inner_prefix|>"}, "<|inner_prefix|>", "<|inner_suffix|>", true},
      {{"[BEGIN FINAL RESPONSE]"},
       "Here are my reasoning steps:",
       "[BEGIN FINAL RESPONSE]",
       false,
       {"[END FINAL RESPONSE]"}},
      {{"<thinking>"}, "<thinking>", "</thinking>"},
      {{"</think>"}, "<think>", "</think>"},
      {{"<think>"}, "<think>", "</think>"},
  };
  return formats;
}

}  // namespace pano::tools
