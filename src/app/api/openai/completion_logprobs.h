#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "app/api/generation_request.h"
#include "app/models/model_version.h"
#include "base/json.h"
#include "model/engine/request.h"

namespace pano::api::openai {

// Characters (code points) in `text`; OpenAI's text_offset counts these.
int64_t CharacterCount(std::string_view text);

// The `logprobs` object of /v1/completions: four lists side by side. A value. Thread-compatible.
class CompletionLogprobs {
 public:
  explicit CompletionLogprobs(const models::ModelVersion& version) : version_(version) {}

  // `offset` is where the token's text begins; nothing for `logprob`: the first token of a prompt.
  void Add(engine::TokenId id, std::optional<float> logprob,
           const std::vector<engine::TokenLogprob>& top, int64_t offset);
  // All tokens of a prompt that is echoed.
  void AddPrompt(const std::vector<engine::Event::PromptToken>& tokens, bool skip_special);

  json::Value ToJson() &&;

 private:
  const models::ModelVersion& version_;
  json::Value tokens_{json::Array()};
  json::Value token_logprobs_{json::Array()};
  json::Value top_logprobs_{json::Array()};
  json::Value text_offset_{json::Array()};
};

// What an echoed prompt looks like: its own text, or its ids decoded.
std::string EchoText(const models::ModelVersion& version, const Prompt& prompt, bool skip_special);

}  // namespace pano::api::openai
