#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace pano::api::anthropic {

// What a request says, in the form that the core's chat takes. A value.
struct Conversation {
  // Of OpenAI's form: roles, text parts, tool_calls, messages of the role "tool".
  json::Value messages{json::Array()};
  json::Value tools;  // functions in OpenAI's form; null: none
  // What the last message, where it is the assistant's, lets the answer begin with.
  std::string prefill;
};

// `system`, `messages` and `tools` of a body of /v1/messages. InvalidArgument names the place of what is
// wrong, or what is not supported: images, documents, the tools that run on Anthropic's servers.
Result<Conversation> ReadConversation(const json::Value& body);

}  // namespace pano::api::anthropic
