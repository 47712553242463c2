#include "app/api/openai/chat.h"

#include <algorithm>
#include <array>
#include <utility>

#include "app/api/chat_request.h"
#include "app/api/message_output.h"
#include "app/api/openai/bodies.h"
#include "app/api/openai/content_logprobs.h"
#include "app/api/openai/openai_call.h"
#include "app/api/prompt_text.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/tools/message_json.h"

namespace pano::api::openai {
namespace {

using json::Value;

// "functions" and "function_call", the older form of tools: the same, and one call at most.
Status ReadFunctions(const Value& body, ChatRequest& request, bool& calls_function) {
  const Value* functions = body.Find("functions");
  const Value* call = body.Find("function_call");
  if ((!functions || functions->is_null()) && (!call || call->is_null())) return {};
  if (request.tools) return BadField("functions", "'functions' and 'tools' exclude each other");
  Result<tools::ToolsPtr> read = ReadToolList(functions);
  if (!read.ok()) return BadField("functions", read.error().Wrap("'functions', as tools").message());
  request.tools = *std::move(read);
  Result<tools::ToolChoice> choice = ReadToolChoice(call, nullptr, request.tools.get());
  if (!choice.ok()) {
    return BadField("function_call", choice.error().Wrap("'function_call', as a choice").message());
  }
  request.choice = *std::move(choice);
  request.choice.parallel = false;
  calls_function = true;
  return {};
}

Status ReadChatTools(const Value& body, ChatRequest& request, bool& calls_function) {
  PANO_ASSIGN_OR_RETURN(request.tools, ReadToolList(body.Find("tools")));
  PANO_ASSIGN_OR_RETURN(request.choice,
                        ReadToolChoice(body.Find("tool_choice"), body.Find("parallel_tool_calls"),
                                       request.tools.get()));
  return ReadFunctions(body, request, calls_function);
}

// "function_call" of an assistant and the role "function", as the newer form writes them.
Value WithoutFunctions(const Value& messages) {
  if (!messages.is_array()) return messages;
  Value out{json::Array()};
  for (Value message : messages.as_array()) {
    const Value* role = message.Find("role");
    const Value* call = message.Find("function_call");
    const bool is_result = role && role->is_string() && role->as_string() == "function";
    if (call && call->is_object() && !message.Find("tool_calls")) {
      Value entry;
      entry.Set("id", "call_0");
      entry.Set("type", "function");
      entry.Set("function", *call);
      message.Set("tool_calls", Value(json::Array{std::move(entry)}));  // role and call point nowhere now
    }
    if (is_result) {
      message.Set("role", "tool");
      message.Set("tool_call_id", "call_0");
    }
    out.Append(std::move(message));
  }
  return out;
}

// "continue_final_message": the assistant's last message is what the answer has begun with.
Status ContinueFinalMessage(const Value& body, ChatRequest& request) {
  const Value* asked = body.Find("continue_final_message");
  if (!asked || !asked->is_bool() || !asked->as_bool()) return {};
  constexpr std::string_view kField = "continue_final_message";
  const Value* open = body.Find("add_generation_prompt");
  if (open && open->is_bool() && open->as_bool()) {
    return BadField(kField, "'continue_final_message' and 'add_generation_prompt' exclude each other");
  }
  json::Array& messages = request.messages.as_array();
  const Value* role = messages.empty() ? nullptr : messages.back().Find("role");
  const Value* content = messages.empty() ? nullptr : messages.back().Find("content");
  if (!role || !(*role == Value("assistant")) || !content || !content->is_string()) {
    return BadField(kField, "'continue_final_message' needs a last message of the assistant's that is a text");
  }
  request.prefill = content->as_string();
  messages.pop_back();
  request.add_generation_prompt = true;  // behind it the answer goes on
  return {};
}

Status SetEffort(const Value& effort, std::string_view field, ChatRequest& request) {
  constexpr std::array<std::string_view, 6> kEfforts = {"none", "minimal", "low",
                                                        "medium", "high", "xhigh"};
  const bool known = effort.is_string() && std::find(kEfforts.begin(), kEfforts.end(),
                                                     effort.as_string()) != kEfforts.end();
  if (!known) {
    return BadField(field, StrCat("'", field, "' must be none, minimal, low, medium, high or xhigh"));
  }
  request.SetKwarg("reasoning_effort", effort);
  if (effort.as_string() == "none") request.TurnThinkingOff();
  return {};
}

Status SetBudget(const Value& tokens, std::string_view field, ChatRequest& request) {
  if (!tokens.is_int() || tokens.as_int() < 0) {
    return BadField(field, StrCat("'", field, "' must be a number of tokens, 0 or more"));
  }
  request.reasoning_tokens_max = tokens.as_int();
  request.SetKwarg("thinking_budget", tokens);
  return {};
}

// How much a model thinks, in the words of OpenAI, OpenRouter, Qwen and vLLM.
Status ReadReasoning(const Value& body, ChatRequest& request) {
  auto given = [](const Value* value) { return value && !value->is_null(); };
  if (const Value* effort = body.Find("reasoning_effort"); given(effort)) {
    PANO_RETURN_IF_ERROR(SetEffort(*effort, "reasoning_effort", request));
  }
  for (const char* name : {"thinking_budget", "thinking_token_budget"}) {
    if (const Value* tokens = body.Find(name); given(tokens)) {
      PANO_RETURN_IF_ERROR(SetBudget(*tokens, name, request));
    }
  }
  const Value* reasoning = body.Find("reasoning");
  if (!given(reasoning)) return {};
  for (const auto& [name, value] : reasoning->as_object()) {
    if (value.is_null()) continue;
    const std::string field = StrCat("reasoning.", name);
    if (name == "effort") {
      PANO_RETURN_IF_ERROR(SetEffort(value, field, request));
    } else if (name == "max_tokens") {
      PANO_RETURN_IF_ERROR(SetBudget(value, field, request));
    } else if (name == "enabled" && value.is_bool()) {
      if (!value.as_bool()) request.TurnThinkingOff();
    } else if (name != "exclude" || !value.is_bool() || value.as_bool()) {
      return BadField("reasoning", StrCat("'", Printable(field), "' is not supported here"));
    }
  }
  return {};
}

Status ReadChat(Context& context, Call& call, OpenAiCall& chat) {
  PANO_RETURN_IF_ERROR(ReadOpenAiFields(context, call, ChatBody(), chat));
  Parameters& parameters = chat.parameters;
  if (parameters.top_logprobs && !parameters.chat_logprobs) {
    return BadField("top_logprobs", "'top_logprobs' needs 'logprobs': true");
  }
  if (parameters.chat_logprobs) {
    chat.logprobs = static_cast<int32_t>(parameters.top_logprobs.value_or(0));
  }
  ChatRequest request;
  request.cancelled = &call.gone();
  request.messages = WithoutFunctions(*call.body.Find("messages"));
  PANO_RETURN_IF_ERROR(ReadChatTools(call.body, request, chat.calls_function));
  if (const Value* kwargs = call.body.Find("chat_template_kwargs")) request.kwargs = *kwargs;
  if (const Value* open = call.body.Find("add_generation_prompt"); open && open->is_bool()) {
    request.add_generation_prompt = open->as_bool();
  }
  PANO_RETURN_IF_ERROR(ContinueFinalMessage(call.body, request));
  PANO_RETURN_IF_ERROR(ReadReasoning(call.body, request));
  chat.id = StrCat("chatcmpl-", RandomHex(12));
  return PrepareChat(*chat.version, request, chat.prompts.emplace_back(), chat.source,
                     &chat.constraint);
}

Value LogprobsJson(Value content) {
  Value logprobs;
  logprobs.Set("content", std::move(content));
  logprobs.Set("refusal", nullptr);
  return logprobs;
}

// The message; in the older form its one call is "function_call".
Value MessageBody(const OpenAiCall& chat, const tools::Message& said) {
  if (!chat.calls_function || said.calls.empty()) return tools::MessageJson(said);
  tools::Message rest = said;
  rest.calls.clear();
  Value message = tools::MessageJson(rest);
  if (said.content.empty()) message.Set("content", nullptr);
  Value call;
  call.Set("name", said.calls[0].name);
  call.Set("arguments", said.calls[0].arguments);
  message.Set("function_call", std::move(call));
  return message;
}

std::string_view ChatFinishReason(const OpenAiCall& chat, engine::FinishReason reason,
                                  bool has_calls) {
  if (!EndedByCalls(reason, has_calls)) return OpenAiFinishReason(chat, reason);
  return chat.calls_function ? "function_call" : "tool_calls";
}

// The message of a whole choice; adds its tokens of reasoning to `reasoning`, where the model reasons.
tools::Message ReadChoice(const OpenAiCall& chat, const Output& output, std::optional<int64_t>& reasoning) {
  MessageOutput reader(chat.source);
  size_t told = 0;
  for (const Output::Token& token : output.tokens) {
    reader.AppendToken(token.text);
    told += token.text.size();
  }
  // What was held back until the end belongs to no token.
  reader.Append(std::string_view(output.text).substr(told));
  reader.Finish();
  if (reader.reasoning_tokens()) reasoning = reasoning.value_or(0) + *reader.reasoning_tokens();
  return reader.message();
}

Value ChatJson(const OpenAiCall& chat, const Answer& answer) {
  Value choices{json::Array()};
  std::optional<int64_t> reasoning;
  for (size_t i = 0; i < answer.outputs.size(); ++i) {
    const Output& output = answer.outputs[i];
    const tools::Message said = ReadChoice(chat, output, reasoning);
    Value message = MessageBody(chat, said);
    message.Set("refusal", nullptr);
    Value choice;
    choice.Set("index", static_cast<int64_t>(i));
    choice.Set("message", std::move(message));
    choice.Set("finish_reason", ChatFinishReason(chat, output.reason, !said.calls.empty()));
    Value content{json::Array()};
    Value ids{json::Array()};
    for (const Output::Token& token : output.tokens) {
      if (chat.logprobs >= 0)
        content.Append(TokenLogprobs(*chat.version, token.id, token.logprob, token.top));
      ids.Append(token.id);
    }
    choice.Set("logprobs", chat.logprobs >= 0 ? LogprobsJson(std::move(content)) : Value());
    if (chat.parameters.return_token_ids) choice.Set("token_ids", std::move(ids));
    choices.Append(std::move(choice));
  }
  Value body = chat.Envelope("chat.completion");
  body.Set("choices", std::move(choices));
  body.Set("usage", UsageJson(answer.TotalUsage(), reasoning));
  return body;
}

class ChatStream final : public OpenAiStream {
 public:
  using OpenAiStream::OpenAiStream;

 private:
  std::string_view object() const override { return "chat.completion.chunk"; }

  void OnToken(int64_t index, engine::Event event) override {
    SendRole(index);
    std::vector<Value> deltas = Deltas(OutputOf(index).AppendToken(event.text));
    const bool tells_token = openai().logprobs >= 0 || openai().parameters.return_token_ids;
    if (deltas.empty()) {
      if (!tells_token) return;  // held back: a part of a character, of a stop string, of a call
      deltas.emplace_back().Set("content", "");
    }
    for (size_t i = 0; i < deltas.size(); ++i) {
      Value choice = Choice(index, std::move(deltas[i]), Value());
      if (i == 0 && openai().logprobs >= 0) {
        choice.Set("logprobs", LogprobsJson(Value(json::Array{TokenLogprobs(
                                   version(), event.token_id, event.logprob, event.top)})));
      }
      if (i == 0 && openai().parameters.return_token_ids) {
        choice.Set("token_ids", Value(json::Array{Value(event.token_id)}));
      }
      SendChoice(std::move(choice));
    }
  }

  void OnFinish(int64_t index, engine::Event event) override {
    SendRole(index);
    MessageOutput& output = OutputOf(index);
    for (const tools::MessageDelta& delta : {output.Append(event.text), output.Finish()}) {
      for (Value& object : Deltas(delta)) SendChoice(Choice(index, std::move(object), Value()));
    }
    SendChoice(Choice(index, Value(json::Object()),
                      ChatFinishReason(openai(), event.reason, output.has_calls())));
  }

  std::optional<int64_t> reasoning_tokens() const override {
    const tools::ToolFormatPtr& format = openai().source.format;
    if (!format || !format->has_reasoning()) return {};
    int64_t tokens = 0;
    for (const MessageOutput& output : outputs_) tokens += output.reasoning_tokens().value_or(0);
    return tokens;
  }

  // As objects; in the older form a call has no place in a list.
  std::vector<Value> Deltas(const tools::MessageDelta& delta) const {
    std::vector<Value> objects = tools::DeltaJson(delta);
    if (!openai().calls_function) return objects;
    for (Value& object : objects) {
      const Value* calls = object.Find("tool_calls");
      if (!calls) continue;
      Value call;
      call.Set("function_call", *calls->as_array()[0].Find("function"));
      object = std::move(call);
    }
    return objects;
  }

  MessageOutput& OutputOf(int64_t index) {
    const auto at = static_cast<size_t>(index);
    while (outputs_.size() <= at) outputs_.emplace_back(openai().source);
    return outputs_[at];
  }

  // The first chunk of a choice says who speaks; it goes out with the first token, so that clients
  // can time that.
  void SendRole(int64_t index) {
    auto at = static_cast<size_t>(index);
    if (role_sent_.size() <= at) role_sent_.resize(at + 1);
    if (role_sent_[at]) return;
    role_sent_[at] = true;
    Value delta;
    delta.Set("role", "assistant");
    delta.Set("content", "");
    SendChoice(Choice(index, std::move(delta), Value()));
  }

  static Value Choice(int64_t index, Value delta, Value finish_reason) {
    Value choice;
    choice.Set("index", index);
    choice.Set("delta", std::move(delta));
    choice.Set("logprobs", nullptr);
    choice.Set("finish_reason", std::move(finish_reason));
    return choice;
  }

  std::vector<bool> role_sent_;
  std::vector<MessageOutput> outputs_;  // of each choice
};

}  // namespace

void ChatCompletions(Context& context, CallPtr call) {
  OpenAiCall chat;
  if (Status status = ReadChat(context, *call, chat); !status.ok()) return call->Fail(status);
  auto make_stream = [call, keep_alive = context.options.keep_alive](OpenAiCall openai) {
    return std::make_unique<ChatStream>(call, std::move(openai), keep_alive);
  };
  StartOpenAi(context, call, std::move(chat), std::move(make_stream), ChatJson);
}

}  // namespace pano::api::openai
