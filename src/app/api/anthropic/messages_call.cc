#include "app/api/anthropic/messages_call.h"

#include <utility>

#include "app/api/anthropic/conversation.h"
#include "app/api/anthropic/output_config.h"
#include "app/api/chat_request.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api::anthropic {
namespace {

using json::Value;

// "thinking", as templates know it under several names.
Status ReadThinking(const Value& body, ChatRequest& request) {
  const Value* thinking = body.Find("thinking");
  if (!thinking || thinking->is_null()) return {};
  const Value* type = thinking->Find("type");
  const std::string word = type && type->is_string() ? type->as_string() : "";
  if (word != "enabled" && word != "adaptive" && word != "disabled") {
    return BadField("thinking", "'thinking.type' must be \"enabled\", \"adaptive\" or \"disabled\"");
  }
  const Value* budget = thinking->Find("budget_tokens");
  if (budget && !budget->is_null() && word != "disabled") {
    if (!budget->is_int() || budget->as_int() < 0) {
      return BadField("thinking.budget_tokens",
                      "'thinking.budget_tokens' must be a number of tokens, 0 or more");
    }
    request.reasoning_tokens_max = budget->as_int();
  }
  for (const char* name : {"enable_thinking", "thinking"}) request.kwargs.Set(name, word != "disabled");
  return {};
}

// "tool_choice" in OpenAI's words.
Status ReadChoice(const Value& body, ChatRequest& request) {
  const Value* choice = body.Find("tool_choice");
  if (!choice || choice->is_null()) return {};
  const Value* type = choice->Find("type");
  const std::string word = type && type->is_string() ? type->as_string() : "";
  Value wanted;
  if (word == "auto" || word == "none") wanted = word;
  if (word == "any") wanted = "required";
  if (word == "tool") {
    const Value* name = choice->Find("name");
    if (!name || !name->is_string()) return BadField("tool_choice", "'tool_choice.name' is missing or no string");
    wanted.Set("name", *name);
  }
  if (wanted.is_null()) {
    return BadField("tool_choice", "'tool_choice.type' must be \"auto\", \"any\", \"tool\" or \"none\"");
  }
  Value parallel;
  const Value* one = choice->Find("disable_parallel_tool_use");
  if (one && one->is_bool()) parallel = !one->as_bool();
  PANO_ASSIGN_OR_RETURN(request.choice, ReadToolChoice(&wanted, &parallel, request.tools.get()));
  return {};
}

Status ReadTools(const Conversation& conversation, ChatRequest& request) {
  PANO_ASSIGN_OR_RETURN(request.tools, ReadToolList(&conversation.tools));
  return {};
}

}  // namespace

Status ReadMessagesCall(Context& context, Call& call, const BodySchema& body, MessagesCall& messages) {
  call.headers.emplace_back("request-id", call.request().id);
  PANO_RETURN_IF_ERROR(ReadFields(call.body, body, messages.parameters));
  PANO_ASSIGN_OR_RETURN(messages.version, FindGenerator(context, call));
  PANO_ASSIGN_OR_RETURN(Conversation conversation, ReadConversation(call.body));
  ChatRequest request;
  request.cancelled = &call.gone();
  PANO_RETURN_IF_ERROR(ReadThinking(call.body, request));
  PANO_RETURN_IF_ERROR(ReadTools(conversation, request));
  PANO_RETURN_IF_ERROR(ReadChoice(call.body, request));
  PANO_RETURN_IF_ERROR(ReadOutputConfig(call.body, request, messages));
  if (messages.constraint && !conversation.prefill.empty()) {
    return BadField("messages",
                    "a schema is for whole answers: the last message is the assistant's, which the "
                    "answer goes on from");
  }
  request.messages = std::move(conversation.messages);
  request.prefill = std::move(conversation.prefill);
  Prompt& prompt = messages.prompts.emplace_back();
  PANO_RETURN_IF_ERROR(
      PrepareChat(*messages.version, request, prompt, messages.source, &messages.constraint));
  messages.input_tokens = static_cast<int64_t>(prompt.ids.size());
  messages.id = StrCat("msg_", RandomHex(12));
  return {};
}

StopReason StopReasonOf(engine::FinishReason reason, const std::string& stop_match, bool has_calls) {
  if (EndedByCalls(reason, has_calls)) return {"tool_use", Value()};
  if (reason != engine::FinishReason::kStop) return {"max_tokens", Value()};
  if (!stop_match.empty()) return {"stop_sequence", Value(stop_match)};
  return {"end_turn", Value()};
}

Value UsageOf(int64_t input_tokens, int64_t output_tokens) {
  Value usage;
  usage.Set("input_tokens", input_tokens);
  usage.Set("output_tokens", output_tokens);
  return usage;
}

Value MessageJson(const MessagesCall& messages, Value content, const StopReason& stop,
                  int64_t output_tokens) {
  Value message;
  message.Set("id", messages.id);
  message.Set("type", "message");
  message.Set("role", "assistant");
  message.Set("model", messages.version->id);
  message.Set("content", std::move(content));
  message.Set("stop_reason", stop.name.empty() ? Value() : Value(stop.name));
  message.Set("stop_sequence", stop.sequence);
  message.Set("usage", UsageOf(messages.input_tokens, output_tokens));
  return message;
}

}  // namespace pano::api::anthropic
