#pragma once

#include <vector>

#include "base/json.h"
#include "model/tools/message.h"

namespace pano::tools {

// A message in the shape of OpenAI's API: {"role", "content", "reasoning_content", "tool_calls"}. The
// content is null where there are only calls; what there is not is left out.
json::Value MessageJson(const Message& message);

// [{"id", "type", "function": {"name", "arguments"}}]
json::Value ToolCallsJson(const std::vector<ToolCall>& calls);

// A delta as that API streams it: an object for reasoning, for content and for each piece of a call,
// in this order.
std::vector<json::Value> DeltaJson(const MessageDelta& delta);

}  // namespace pano::tools
