#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/api/context.h"
#include "app/api/generation_call.h"
#include "app/api/schema.h"
#include "base/json.h"

namespace pano::api::anthropic {

// A request of /v1/messages or /v1/messages/count_tokens that was read and checked.
struct MessagesCall : GenerationCall {  // with one prompt, and "msg_..." for its id
  int64_t input_tokens = 0;
};

// Reads the fields of `body`, the model and the conversation, which becomes the prompt. Sets the header
// by which Anthropic's clients know a request.
Status ReadMessagesCall(Context& context, Call& call, const BodySchema& body, MessagesCall& messages);

// Why an answer ended, in Anthropic's words, and by which of the request's stop sequences.
struct StopReason {
  std::string_view name;  // "end_turn", "max_tokens", "stop_sequence", "tool_use"
  json::Value sequence;   // null: none
};
StopReason StopReasonOf(engine::FinishReason reason, const std::string& stop_match, bool has_calls);

json::Value UsageOf(int64_t input_tokens, int64_t output_tokens);
// The message before anything is said: `content` is empty, and it has no reason to stop.
json::Value MessageJson(const MessagesCall& messages, json::Value content, const StopReason& stop,
                        int64_t output_tokens);

}  // namespace pano::api::anthropic
