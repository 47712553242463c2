#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

#include "app/api/failure.h"
#include "app/api/generation_request.h"
#include "app/models/model_version.h"
#include "base/json.h"

namespace pano::api {

// A prompt's text in tokens: special tokens are added as the tokenizer file says, unless
// `add_special_tokens` is false, and, written in the text, count as such. `field` names it in
// refusals.
Status EncodeText(const models::ModelVersion& version, std::string_view text,
                  std::string_view field, Prompt& prompt, bool add_special_tokens = true);

// What rendering a conversation takes beside its messages.
struct ChatOptions {
  json::Value tools = {};   // array or null
  json::Value kwargs = {};  // object or null
  bool add_generation_prompt = true;
  // What the assistant's turn begins with: the answer goes on from there. Text of the caller's.
  std::string_view prefill = {};
  const std::atomic<bool>* cancelled = nullptr;  // the client has gone
};

// The conversation as the model's template renders it, in tokens: special tokens of the template
// are parsed, none is added, and inside what the caller wrote they stay text. Without a template
// the contents are joined by newlines and encoded like a plain prompt.
Status EncodeChat(const models::ModelVersion& version, const json::Value& messages,
                  const ChatOptions& options, Prompt& prompt);

// The token's bytes as JSON integers; null for a special one.
json::Value TokenBytesJson(const models::ModelVersion& version, engine::TokenId id);

}  // namespace pano::api
