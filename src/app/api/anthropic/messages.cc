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

void Generate(Context& context, const CallPtr& call, MessagesCall messages, GrammarPtr grammar) {
  const RequestFrame frame{.parameters = messages.parameters,
                           .version = *messages.version,
                           .id = messages.id,
                           .tenant = call->principal.tenant,
                           .now = call->begun(),
                           .choices_max = context.options.choices_max,
                           .shown_special = messages.source.shown_special,
                           .grammar = std::move(grammar),
                           .reasoning = messages.source.reasoning};
  std::vector<engine::Request> requests;
  if (Status status = MakeEngineRequests(frame, messages.prompts, requests); !status.ok()) {
    return call->Fail(status);
  }
  const models::GeneratorPtr version = messages.version;
  const Generation::Place place{context.generations, context.held, HeldBytes(messages.prompts)};
  DropUnlessEchoed(messages.parameters, messages.prompts);
  Generation::Start(
      place, call, version, std::move(requests), [&]() -> std::unique_ptr<GenerationSink> {
        AddRateLimits(context.clock.UnixSeconds(), call->headers);
        if (messages.parameters.stream) {
          return std::make_unique<MessageStream>(call, std::move(messages), context.options.keep_alive);
        }
        auto answered = [call, messages = std::move(messages)](const Answer& answer) {
          if (Status failed = answer.Check(); !failed.ok()) return call->Fail(failed);
          call->RespondJson(AnswerJson(messages, answer.outputs[0]));
        };
        return std::make_unique<AnswerCollector>(context.work, call, /*inputs=*/1, /*n=*/1,
                                                 std::move(answered));
      });
}

void Start(Context& context, const CallPtr& call, MessagesCall messages) {
  const models::GeneratorPtr version = messages.version;
  std::optional<constraints::Source> constraint = std::exchange(messages.constraint, std::nullopt);
  WithGrammar(context, call, version, std::move(constraint),
              [&context, call, messages = std::move(messages)](GrammarPtr grammar) mutable {
                Generate(context, call, std::move(messages), std::move(grammar));
              });
}

}  // namespace

void Messages(Context& context, CallPtr call) {
  MessagesCall messages;
  if (Status status = ReadMessagesCall(context, *call, MessagesBody(), messages); !status.ok()) {
    return call->Fail(status);
  }
  Start(context, call, std::move(messages));
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
