#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "app/api/generation_request.h"
#include "app/api/message_output.h"
#include "app/constraints/source.h"
#include "app/models/model_version.h"
#include "base/json.h"
#include "model/tools/tool.h"

namespace pano::api {

// A conversation to answer, whatever dialect it came in. A dialect translates its own messages and
// tools into this; from here on all are treated alike. A value.
struct ChatRequest {
  // As OpenAI's chat API writes them, in order:
  //   {"role": "system" | "developer" | "user", "content": TEXT}
  //   {"role": "assistant", "content": TEXT | null, "reasoning_content": "...",
  //    "tool_calls": [{"id", "type": "function", "function": {"name", "arguments": JSON as text}}]}
  //   {"role": "tool", "tool_call_id", "name", "content": TEXT}
  // TEXT is a string or [{"type": "text", "text": "..."}, ...]. Further members go to the template.
  json::Value messages = {};
  tools::ToolsPtr tools = nullptr;  // null: none
  tools::ToolChoice choice = {};
  json::Value kwargs = {};  // further variables of the chat template; object or null
  bool add_generation_prompt = true;
  std::string prefill = {};  // what the answer has begun with: it goes on from there
  // After so many tokens of reasoning it is ended; nothing: when the model ends it.
  std::optional<int64_t> reasoning_tokens_max = {};
  const std::atomic<bool>* cancelled = nullptr;  // the client has gone

  // Sets a variable of the template, unless the caller has.
  void SetKwarg(std::string_view name, json::Value value);
  // For templates that may leave thinking out.
  void TurnThinkingOff();
};

// "tools" of a body in OpenAI's shape; null, or left out: none.
Result<tools::ToolsPtr> ReadToolList(const json::Value* tools);
// "tool_choice" ("auto", "none", "required", {"type": "function", "function": {"name"}}) and
// "parallel_tool_calls". A named function has to be one of the tools.
Result<tools::ToolChoice> ReadToolChoice(const json::Value* choice, const json::Value* parallel,
                                         const tools::Tools* tools);

// The conversation as the model's chat template renders it, in tokens, and how its answers are to be
// read. Where the template knows no tools, a system message tells of them. InvalidArgument names
// "messages", "tools" or "tool_choice".
//
// `constraint` is what the request itself says of its content (ReadConstraint) and becomes what the whole
// answer has to be, for WithGrammar. Null: calls are read, but a choice that forces them is refused.
Status PrepareChat(const models::ModelVersion& version, const ChatRequest& request, Prompt& prompt,
                   MessageSource& source, std::optional<constraints::Source>* constraint = nullptr);

}  // namespace pano::api
