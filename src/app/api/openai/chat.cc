#include "app/api/openai/chat.h"

#include <utility>

#include "app/api/openai/bodies.h"
#include "app/api/openai/content_logprobs.h"
#include "app/api/openai/openai_call.h"
#include "app/api/prompt_text.h"
#include "base/random.h"
#include "base/strings.h"

namespace pano::api::openai {
namespace {

using json::Value;

Status ReadToolChoice(const Value& body, ChatOptions& options) {
  const Value* tools = body.Find("tools");
  if (tools) options.tools = *tools;
  const Value* choice = body.Find("tool_choice");
  if (!choice || choice->is_null()) return {};
  if (choice->is_string() && choice->as_string() == "none") {
    options.tools = Value();
    return {};
  }
  if (choice->is_string() && choice->as_string() == "auto") return {};
  return BadField("tool_choice",
                  "'tool_choice' must be \"auto\" or \"none\": tool calls are not forced here");
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
  ChatOptions options;
  options.cancelled = &call.gone();
  PANO_RETURN_IF_ERROR(ReadToolChoice(call.body, options));
  if (const Value* kwargs = call.body.Find("chat_template_kwargs")) options.kwargs = *kwargs;
  if (const Value* open = call.body.Find("add_generation_prompt"); open && open->is_bool()) {
    options.add_generation_prompt = open->as_bool();
  }
  chat.id = StrCat("chatcmpl-", RandomHex(12));
  return EncodeChat(*chat.version, *call.body.Find("messages"), options,
                    chat.prompts.emplace_back());
}

Value LogprobsJson(Value content) {
  Value logprobs;
  logprobs.Set("content", std::move(content));
  logprobs.Set("refusal", nullptr);
  return logprobs;
}

Value ChatJson(const OpenAiCall& chat, const Answer& answer) {
  Value choices{json::Array()};
  for (size_t i = 0; i < answer.outputs.size(); ++i) {
    const Output& output = answer.outputs[i];
    Value message;
    message.Set("role", "assistant");
    message.Set("content", output.text);
    message.Set("refusal", nullptr);
    Value choice;
    choice.Set("index", static_cast<int64_t>(i));
    choice.Set("message", std::move(message));
    choice.Set("finish_reason", OpenAiFinishReason(chat, output.reason));
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
  body.Set("usage", UsageJson(answer.TotalUsage()));
  return body;
}

class ChatStream final : public OpenAiStream {
 public:
  using OpenAiStream::OpenAiStream;

 private:
  std::string_view object() const override { return "chat.completion.chunk"; }

  void OnToken(int64_t index, engine::Event event) override {
    SendRole(index);
    bool silent =
        event.text.empty() && openai().logprobs < 0 && !openai().parameters.return_token_ids;
    if (silent) return;  // a held-back part of a character or of a stop string
    Value delta;
    delta.Set("content", event.text);
    Value choice = Choice(index, std::move(delta), Value());
    if (openai().logprobs >= 0) {
      choice.Set("logprobs", LogprobsJson(Value(json::Array{TokenLogprobs(
                                 version(), event.token_id, event.logprob, event.top)})));
    }
    if (openai().parameters.return_token_ids) {
      choice.Set("token_ids", Value(json::Array{Value(event.token_id)}));
    }
    SendChoice(std::move(choice));
  }

  void OnFinish(int64_t index, engine::Event event) override {
    SendRole(index);
    if (!event.text.empty()) {
      Value delta;
      delta.Set("content", std::move(event.text));
      SendChoice(Choice(index, std::move(delta), Value()));
    }
    SendChoice(Choice(index, Value(json::Object()), OpenAiFinishReason(openai(), event.reason)));
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
