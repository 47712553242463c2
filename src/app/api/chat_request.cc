#include "app/api/chat_request.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "app/api/answer_constraint.h"
#include "app/api/failure.h"
#include "app/api/prompt_text.h"
#include "app/models/mark_tokens.h"
#include "base/strings.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::api {
namespace {

using json::Value;

// Enough for any mark with blanks behind it.
constexpr size_t kPromptEndBytes = 256;

bool IsNull(const Value* value) { return !value || value->is_null(); }

// What a model is told of functions where its template has no place for them.
std::string DescribeTools(const tools::Tools& tools) {
  // Short: small models have small contexts.
  std::string text =
      "To call a function, write its name and arguments so, once for each call:\n<tool_call>\n"
      "{\"name\": \"NAME\", \"arguments\": {...}}\n</tool_call>\nFunctions:";
  const Value list = tools::ToolsJson(tools);
  for (const Value& tool : list.as_array()) {
    const Value* function = tool.Find("function");
    text += StrCat("\n", json::Dump(function ? *function : tool));
  }
  return text;
}

// A copy of the messages with the functions in the system message.
Value WithDescription(const Value& messages, const tools::Tools& tools) {
  const std::string text = DescribeTools(tools);
  Value out{json::Array()};
  size_t next = 0;
  Value system;
  system.Set("role", "system");
  system.Set("content", text);
  if (!messages.as_array().empty()) {
    const Value& first = messages.as_array()[0];
    const Value* role = first.Find("role");
    const Value* content = first.Find("content");
    const bool is_system = role && role->is_string() &&
                           (role->as_string() == "system" || role->as_string() == "developer");
    if (is_system && content && content->is_string()) {
      system.Set("content", StrCat(content->as_string(), "\n\n", text));
      next = 1;
    }
  }
  out.Append(std::move(system));
  for (; next < messages.as_array().size(); ++next) out.Append(messages.as_array()[next]);
  return out;
}

}  // namespace

void ChatRequest::SetKwarg(std::string_view name, json::Value value) {
  if (!kwargs.is_object()) kwargs = json::Value(json::Object());
  if (!kwargs.Find(name)) kwargs.Set(name, std::move(value));
}

void ChatRequest::TurnThinkingOff() {
  // Templates have two names for it.
  SetKwarg("enable_thinking", false);
  SetKwarg("thinking", false);
}

Result<tools::ToolsPtr> ReadToolList(const json::Value* tools) {
  if (IsNull(tools)) return tools::ToolsPtr();
  PANO_ASSIGN_OR_RETURN(tools::Tools read, tools::ReadTools(*tools));
  if (read.empty()) return tools::ToolsPtr();
  return std::make_shared<const tools::Tools>(std::move(read));
}

Result<tools::ToolChoice> ReadToolChoice(const json::Value* choice, const json::Value* parallel,
                                         const tools::Tools* tools) {
  tools::ToolChoice out;
  if (!IsNull(parallel)) {
    if (!parallel->is_bool()) {
      return BadField("parallel_tool_calls", "'parallel_tool_calls' must be true or false");
    }
    out.parallel = parallel->as_bool();
  }
  if (IsNull(choice)) return out;
  if (choice->is_string()) {
    const std::string& word = choice->as_string();
    if (word == "none") {
      out.kind = tools::ToolChoice::Kind::kNone;
      return out;
    }
    if (word == "auto") return out;
    if (word == "required") {
      out.kind = tools::ToolChoice::Kind::kRequired;
      if (tools) return out;
      return BadField("tool_choice", "'tool_choice' is \"required\", but there are no 'tools'");
    }
  }
  const Value* function = choice->Find("function");
  const Value* name = function ? function->Find("name") : choice->Find("name");
  if (!choice->is_object() || !name || !name->is_string()) {
    return BadField("tool_choice",
                    "'tool_choice' must be \"auto\", \"none\", \"required\" or {\"type\": "
                    "\"function\", \"function\": {\"name\": ...}}");
  }
  if (!tools || !tools::FindTool(*tools, name->as_string())) {
    return BadField("tool_choice", StrCat("'tool_choice' names '", Printable(name->as_string()),
                                          "', which is none of the 'tools'"));
  }
  out.kind = tools::ToolChoice::Kind::kNamed;
  out.name = name->as_string();
  return out;
}

Status PrepareChat(const models::ModelVersion& version, const ChatRequest& request, Prompt& prompt,
                   MessageSource& source, std::optional<constraints::Source>* constraint) {
  using Kind = tools::ToolChoice::Kind;
  source = MessageSource();
  if (request.tools && request.choice.kind != Kind::kNone) source.tools = request.tools;
  source.parallel = request.choice.parallel;
  const bool forced =
      request.choice.kind == Kind::kRequired || request.choice.kind == Kind::kNamed;
  if (forced && !constraint) {
    return BadField("tool_choice",
                    "'tool_choice' must be \"auto\" or \"none\": tool calls are not forced here");
  }

  ChatOptions options;
  options.kwargs = request.kwargs;
  options.add_generation_prompt = request.add_generation_prompt;
  options.prefill = request.prefill;
  options.cancelled = request.cancelled;
  const bool own_template = source.tools && version.tool_template;
  source.format = own_template ? version.tool_template_format : version.tool_format;
  const bool described = source.tools && !own_template && !(source.format && source.format->takes_tools());
  if (described && !source.format) source.format = tools::ToolFormat::Detect("");
  if (source.tools && !described) options.tools = tools::ToolsJson(*source.tools);
  if (described && request.messages.is_array()) {
    PANO_RETURN_IF_ERROR(EncodeChat(version, WithDescription(request.messages, *source.tools),
                                    options, prompt));
  } else {
    PANO_RETURN_IF_ERROR(EncodeChat(version, request.messages, options, prompt));
  }
  source.prompt_end = prompt.text.substr(prompt.text.size() - std::min(prompt.text.size(), kPromptEndBytes));
  if (!source.tools && source.format && !source.format->has_reasoning()) source.format = nullptr;
  if (source.format) {
    source.shown_special =
        models::SpecialTokensOf(*version.tokenizer, source.format->Marks(source.tools != nullptr));
  }
  if (!constraint) return {};
  PANO_ASSIGN_OR_RETURN(*constraint, ConstrainAnswer(request, std::move(*constraint), source));
  if (*constraint && (*constraint)->marks) source.reasoning = LimitReasoning(version, request, source);
  return {};
}

}  // namespace pano::api
