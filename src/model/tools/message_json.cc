#include "model/tools/message_json.h"

#include <utility>

namespace pano::tools {
namespace {

using json::Value;

Value CallJson(const ToolCallDelta& call) {
  Value function;
  if (!call.name.empty()) function.Set("name", call.name);
  function.Set("arguments", call.arguments);
  Value out;
  out.Set("index", static_cast<int64_t>(call.index));
  if (!call.name.empty()) {
    out.Set("id", call.id);
    out.Set("type", "function");
  }
  out.Set("function", std::move(function));
  return out;
}

Value Member(std::string_view key, Value value) {
  Value out;
  out.Set(key, std::move(value));
  return out;
}

}  // namespace

json::Value ToolCallsJson(const std::vector<ToolCall>& calls) {
  Value out{json::Array()};
  for (const ToolCall& call : calls) {
    Value function;
    function.Set("name", call.name);
    function.Set("arguments", call.arguments);
    Value entry;
    entry.Set("id", call.id);
    entry.Set("type", "function");
    entry.Set("function", std::move(function));
    out.Append(std::move(entry));
  }
  return out;
}

json::Value MessageJson(const Message& message) {
  Value out;
  out.Set("role", "assistant");
  const bool only_calls = message.content.empty() && !message.calls.empty();
  out.Set("content", only_calls ? Value() : Value(message.content));
  if (!message.reasoning.empty()) out.Set("reasoning_content", message.reasoning);
  if (!message.calls.empty()) out.Set("tool_calls", ToolCallsJson(message.calls));
  return out;
}

std::vector<json::Value> DeltaJson(const MessageDelta& delta) {
  std::vector<Value> out;
  if (!delta.reasoning.empty()) out.push_back(Member("reasoning_content", delta.reasoning));
  if (!delta.content.empty()) out.push_back(Member("content", delta.content));
  for (const ToolCallDelta& call : delta.calls) {
    out.push_back(Member("tool_calls", Value(json::Array{CallJson(call)})));
  }
  return out;
}

}  // namespace pano::tools
