#include "app/api/openai/responses/response_request.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "app/api/chat_request.h"
#include "app/api/failure.h"
#include "app/api/fields.h"
#include "app/api/openai/bodies.h"
#include "app/api/openai/undone_fields.h"
#include "app/streams/stream_owner.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using json::Value;

// The member where it is there and not null.
const Value* Given(const Value& body, std::string_view name) {
  const Value* value = body.Find(name);
  return value && !value->is_null() ? value : nullptr;
}

// "text": its format is what the answer must be.
Status ReadText(const Value& body, Value& echo, std::optional<constraints::Source>& constraint) {
  Value free;
  free.Set("type", "text");
  echo.Set("format", free);
  const Value* text = Given(body, "text");
  if (!text) return {};
  if (const Value* verbosity = Given(*text, "verbosity"); verbosity && !(*verbosity == Value("medium"))) {
    return BadField("text.verbosity", "'text.verbosity' is not supported here: say it in the instructions");
  }
  const Value* format = Given(*text, "format");
  if (!format) return {};
  const Value* type = format->Find("type");
  if (!type || !type->is_string()) return BadField("text.format", "'text.format' must have a 'type'");
  echo.Set("format", *format);
  if (*type == Value("text")) return {};
  if (*type == Value("json_object")) {
    constraint = JsonObjectSource("text.format");
    return {};
  }
  if (!(*type == Value("json_schema"))) {
    return BadField("text.format", StrCat("'text.format' of the type '", Printable(type->as_string()),
                                          "' is not supported: text, json_object and json_schema are"));
  }
  const Value* schema = Given(*format, "schema");
  if (!schema) return BadField("text.format.schema", "'text.format.schema' is missing");
  constraint = JsonSchemaSource(*schema, "text.format.schema");
  return {};
}

Status CheckReasoning(const Value& body, Value& echo) {
  echo.Set("effort", nullptr);
  echo.Set("summary", nullptr);
  const Value* reasoning = Given(body, "reasoning");
  if (!reasoning) return {};
  constexpr std::array<std::string_view, 7> kEfforts = {"none", "minimal", "low", "medium", "high", "xhigh", "max"};
  if (const Value* effort = Given(*reasoning, "effort")) {
    if (!effort->is_string() || std::find(kEfforts.begin(), kEfforts.end(), effort->as_string()) == kEfforts.end()) {
      return BadField("reasoning.effort", "'reasoning.effort' must be none, minimal, low, medium, high or xhigh");
    }
    echo.Set("effort", *effort);
  }
  for (const char* name : {"summary", "generate_summary"}) {
    const Value* summary = Given(*reasoning, name);
    if (!summary || *summary == Value("auto")) continue;
    return BadField(StrCat("reasoning.", name), StrCat("'reasoning.", name, "' is not supported: reasoning is answered as it is"));
  }
  return {};
}

// What "include" may ask for. Some is of built-in tools, of which there are none.
Status ReadInclude(const Value& body, ResponseRequest& request) {
  constexpr std::string_view kLogprobs = "message.output_text.logprobs";
  constexpr std::array<std::string_view, 9> kNothing = {"reasoning.encrypted_content",
                                                        "file_search_call.results",
                                                        "web_search_call.results",
                                                        "web_search_call.action.sources",
                                                        "message.input_image.image_url",
                                                        "computer_call_output.output.image_url",
                                                        "code_interpreter_call.outputs",
                                                        "mcp_call.outputs",
                                                        "shell_call.outputs"};
  bool logprobs = false;
  if (const Value* include = Given(body, "include")) {
    for (const Value& name : include->as_array()) {
      const bool text = name.is_string();
      if (text && name.as_string() == kLogprobs) {
        logprobs = true;
      } else if (!text || std::find(kNothing.begin(), kNothing.end(), name.as_string()) == kNothing.end()) {
        return BadField("include", StrCat("'include' has ", text ? Printable(name.as_string()) : json::Dump(name),
                                          ", which is not known here"));
      }
    }
  }
  const std::optional<int64_t>& top = request.parameters.top_logprobs;
  if (top && *top > 0 && !logprobs) {
    return BadField("top_logprobs", StrCat("'top_logprobs' needs \"", kLogprobs, "\" in 'include'"));
  }
  if (logprobs) request.logprobs = static_cast<int32_t>(top.value_or(0));
  return {};
}

// Functions, in the shape that chat completions have them.
Status ReadTools(const Value& body, ChatRequest& chat) {
  const Value* tools = Given(body, "tools");
  Value list{json::Array()};
  for (size_t i = 0; tools && i < tools->as_array().size(); ++i) {
    const Value& tool = tools->as_array()[i];
    const Value* type = tool.Find("type");
    if (!type || !type->is_string()) return BadField("tools", StrCat("tools[", i, "] has no 'type'"));
    if (type->as_string() != "function") {
      return BadField("tools", StrCat("tools[", i, "] is of the type '", Printable(type->as_string()),
                                      "': functions are supported, built-in tools are not"));
    }
    Value function;
    for (const auto& [key, member] : tool.as_object()) {
      if (key != "type" && !member.is_null()) function.Set(key, member);
    }
    Value wrapped;
    wrapped.Set("type", "function");
    wrapped.Set("function", std::move(function));
    list.Append(std::move(wrapped));
  }
  Result<tools::ToolsPtr> read = ReadToolList(&list);
  if (!read.ok()) return BadField("tools", StrCat("tools: ", read.error().message()));
  chat.tools = *std::move(read);
  PANO_ASSIGN_OR_RETURN(chat.choice, ReadToolChoice(Given(body, "tool_choice"), Given(body, "parallel_tool_calls"),
                                                    chat.tools.get()));
  return {};
}

// What a template may want to know of reasoning: gpt-oss and its like read the effort, Qwen and its like whether at all.
void SetReasoning(const Value& reasoning, ChatRequest& chat) {
  const Value* effort = Given(reasoning, "effort");
  if (!effort) return;
  chat.SetKwarg("reasoning_effort", *effort);
  if (*effort == Value("none")) chat.TurnThinkingOff();
}

// Instructions, the turns before, the input.
Status EncodeTalk(const Value* instructions, ChatRequest chat, ResponseRequest& request) {
  std::vector<const StoredResponse*> turns;
  size_t count = request.input.messages.as_array().size();
  for (const StoredResponse* turn = request.previous.get(); turn; turn = turn->previous.get()) {
    turns.push_back(turn);
    count += turn->messages.as_array().size();
    if (count > static_cast<size_t>(kMessagesMax)) {
      return BadField("previous_response_id", StrCat("the talk has more than ", kMessagesMax, " messages"));
    }
  }
  Value messages{json::Array()};
  if (instructions) {
    Value system;
    system.Set("role", "system");
    system.Set("content", *instructions);
    messages.Append(std::move(system));
  }
  for (auto turn = turns.rbegin(); turn != turns.rend(); ++turn) {
    for (const Value& message : (*turn)->messages.as_array()) messages.Append(message);
  }
  for (const Value& message : request.input.messages.as_array()) messages.Append(message);
  chat.messages = std::move(messages);
  Status status = PrepareChat(*request.version, chat, request.prompt, request.message, &request.constraint);
  return status.field() == "messages" ? std::move(status).WithField("input") : status;
}

Status CheckChoices(const Value& body, const Parameters& parameters) {
  if (parameters.n.value_or(1) != 1) return BadField("n", "'n' is not supported here: a response is one answer");
  if (parameters.return_token_ids) {
    return BadField("return_token_ids", "'return_token_ids' is not supported here; /v1/chat/completions has it");
  }
  if (const Value* truncation = Given(body, "truncation"); truncation && !(*truncation == Value("disabled"))) {
    return BadField("truncation", "'truncation' must be \"disabled\": nothing is dropped from a talk here");
  }
  return {};
}

// What the response object repeats of the request, in OpenAI's order.
Value Frame(const Value& body, const ResponseRequest& request, int64_t created, Value text, Value reasoning) {
  auto or_else = [&](std::string_view name, Value otherwise) {
    const Value* value = Given(body, name);
    return value ? *value : std::move(otherwise);
  };
  Value frame;
  frame.Set("id", request.id);
  frame.Set("object", "response");
  frame.Set("created_at", created);
  frame.Set("status", nullptr);
  frame.Set("background", false);
  frame.Set("error", nullptr);
  frame.Set("incomplete_details", nullptr);
  frame.Set("instructions", or_else("instructions", {}));
  frame.Set("max_output_tokens", or_else("max_output_tokens", {}));
  frame.Set("model", request.version->id);
  frame.Set("output", Value(json::Array()));
  frame.Set("parallel_tool_calls", or_else("parallel_tool_calls", true));
  frame.Set("previous_response_id", or_else("previous_response_id", {}));
  frame.Set("reasoning", std::move(reasoning));
  frame.Set("store", request.stored);
  frame.Set("temperature", nullptr);
  frame.Set("text", std::move(text));
  frame.Set("tool_choice", or_else("tool_choice", "auto"));
  frame.Set("tools", or_else("tools", Value(json::Array())));
  frame.Set("top_logprobs", or_else("top_logprobs", 0));
  frame.Set("top_p", nullptr);
  frame.Set("truncation", "disabled");
  frame.Set("usage", nullptr);
  for (const char* name : {"user", "safety_identifier", "prompt_cache_key"}) {
    if (const Value* value = Given(body, name)) frame.Set(name, *value);
  }
  frame.Set("metadata", or_else("metadata", Value(json::Object())));
  return frame;
}

}  // namespace

Status ReadResponseRequest(Context& context, Call& call, ResponseStore& store, ResponseRequest& request) {
  const Value& body = call.body;
  PANO_RETURN_IF_ERROR(ReadFields(body, ResponseBody(), request.parameters));
  PANO_RETURN_IF_ERROR(RefuseUndone(body, FieldSet::kResponses, ResponseBody()));
  PANO_RETURN_IF_ERROR(RefuseUndone(body, FieldSet::kGeneration, ResponseBody()));
  if (const Value* options = Given(body, "stream_options")) {
    PANO_RETURN_IF_ERROR(ReadFields(*options, StreamOptions(), request.parameters));
  }
  PANO_RETURN_IF_ERROR(CheckChoices(body, request.parameters));
  PANO_ASSIGN_OR_RETURN(request.version, FindGenerator(context, call));
  Value text, reasoning;
  PANO_RETURN_IF_ERROR(ReadText(body, text, request.constraint));
  PANO_RETURN_IF_ERROR(CheckReasoning(body, reasoning));
  PANO_RETURN_IF_ERROR(ReadInclude(body, request));
  ChatRequest chat;
  chat.cancelled = &call.gone();
  PANO_RETURN_IF_ERROR(ReadTools(body, chat));
  if (const Value* kwargs = Given(body, "chat_template_kwargs")) chat.kwargs = *kwargs;
  SetReasoning(reasoning, chat);
  request.owner = streams::OwnerOf(call.principal);
  if (const Value* previous = Given(body, "previous_response_id")) {
    Result<std::shared_ptr<const StoredResponse>> found =
        store.Find(request.owner, previous->as_string(), context.clock.Now());
    if (!found.ok()) return found.error().WithField("previous_response_id");
    request.previous = *std::move(found);
  }
  const Value* input = Given(body, "input");
  if (!input && !request.previous) return BadField("input", "'input' is missing");
  if (input) {
    auto find_item = [&](std::string_view id) { return store.FindItem(request.owner, id, context.clock.Now()); };
    PANO_ASSIGN_OR_RETURN(request.input, ReadResponseInput(*input, find_item));
  }
  const Value* stored = Given(body, "store");
  request.stored = !stored || stored->as_bool();
  request.has_deadline = call.deadline.has_value();
  request.id = StrCat("resp_", RandomHex(16));
  request.frame = Frame(body, request, context.clock.UnixSeconds(), std::move(text), std::move(reasoning));
  return EncodeTalk(Given(body, "instructions"), std::move(chat), request);
}

json::Value ResponseJson(const json::Value& frame, std::string_view status, json::Value output, json::Value usage,
                         std::string_view incomplete, json::Value error) {
  Value response = frame;
  response.Set("status", status);
  response.Set("output", std::move(output));
  response.Set("usage", std::move(usage));
  response.Set("error", std::move(error));
  if (!incomplete.empty()) {
    Value details;
    details.Set("reason", incomplete);
    response.Set("incomplete_details", std::move(details));
  }
  return response;
}

}  // namespace pano::api::openai
