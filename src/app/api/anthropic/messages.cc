#include "app/api/anthropic/messages.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "app/api/anthropic/bodies.h"
#include "app/api/anthropic/content_blocks.h"
#include "app/api/anthropic/message_stream.h"
#include "app/api/anthropic/messages_call.h"
#include "app/api/anthropic/rate_limits.h"
#include "app/api/generation_call.h"
#include "app/api/message_output.h"

namespace pano::api::anthropic {
namespace {

using json::Value;

// In the pieces that a stream would have had, so that both have the same blocks.
Value AnswerJson(const MessagesCall& messages, const Output& output) {
  BlockList list;
  BlockCutter blocks(list);
  MessageOutput message(messages.source);
  size_t said = 0;
  for (const Output::Token& token : output.tokens) {
    blocks.Add(message.Append(token.text));
    said += token.text.size();
  }
  blocks.Add(message.Append(std::string_view(output.text).substr(std::min(said, output.text.size()))));
  blocks.Add(message.Finish());
  blocks.Finish();
  return MessageJson(messages, list.Take(), StopReasonOf(output.reason, output.stop_match, message.has_calls()),
                     output.usage.completion_tokens);
}

AnswerForm<MessagesCall> FormOf(Context& context) {
  auto limits = [&clock = context.clock](Call& call) { AddRateLimits(clock.UnixSeconds(), call.headers); };
  return {.stream =
              [limits, keep_alive = context.options.keep_alive](CallPtr call, MessagesCall messages) {
                limits(*call);
                return std::make_unique<MessageStream>(std::move(call), std::move(messages), keep_alive);
              },
          .whole =
              [limits](Call& call, const MessagesCall& messages, const Answer& answer) {
                limits(call);
                call.RespondJson(AnswerJson(messages, answer.outputs[0]));
              }};
}

}  // namespace

void Messages(Context& context, CallPtr call) {
  MessagesCall messages;
  if (Status status = ReadMessagesCall(context, *call, MessagesBody(), messages); !status.ok()) {
    return call->Fail(status);
  }
  StartGeneration(context, call, std::move(messages), FormOf(context));
}

void CountTokens(Context& context, CallPtr call) {
  MessagesCall messages;
  if (Status status = ReadMessagesCall(context, *call, CountTokensBody(), messages); !status.ok()) {
    return call->Fail(status);
  }
  Value body;
  body.Set("input_tokens", messages.input_tokens);
  call->RespondJson(body);
}

}  // namespace pano::api::anthropic
