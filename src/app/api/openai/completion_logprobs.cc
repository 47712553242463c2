#include "app/api/openai/completion_logprobs.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/api/answer.h"
#include "app/models/token_text.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::api::openai {

using json::Value;

int64_t CharacterCount(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

void CompletionLogprobs::Add(engine::TokenId id, std::optional<float> logprob,
                             const std::vector<engine::TokenLogprob>& top, int64_t offset) {
  std::string text = models::TokenText(version_, id);
  text_offset_.Append(offset);
  tokens_.Append(text);
  if (!logprob) {
    token_logprobs_.Append(nullptr);
    top_logprobs_.Append(nullptr);
    return;
  }
  token_logprobs_.Append(FloatJson(*logprob));
  Value map{json::Object()};
  for (const engine::TokenLogprob& one : top) {
    std::string name = models::TokenText(version_, one.id);
    // Two tokens may look the same; the more probable one is named.
    if (!map.Find(name)) map.Set(name, FloatJson(one.logprob));
  }
  // The token itself is always there, as an extra where it is none of the best.
  if (!map.Find(text)) map.Set(text, FloatJson(*logprob));
  top_logprobs_.Append(std::move(map));
}

void CompletionLogprobs::AddPrompt(const std::vector<engine::Event::PromptToken>& tokens,
                                   bool skip_special) {
  std::unique_ptr<tokenizer::StreamDecoder> decoder;
  if (version_.tokenizer) decoder = version_.tokenizer->Stream(skip_special);
  int64_t offset = 0;
  for (const engine::Event::PromptToken& token : tokens) {
    std::optional<float> logprob;
    if (!std::isnan(token.logprob)) logprob = token.logprob;
    Add(token.id, logprob, token.top, offset);
    bool known = decoder && token.id < version_.tokenizer->vocab_size();
    if (known) offset += CharacterCount(decoder->Push(token.id));
  }
}

json::Value CompletionLogprobs::ToJson() && {
  Value body;
  body.Set("tokens", std::move(tokens_));
  body.Set("token_logprobs", std::move(token_logprobs_));
  body.Set("top_logprobs", std::move(top_logprobs_));
  body.Set("text_offset", std::move(text_offset_));
  return body;
}

std::string EchoText(const models::ModelVersion& version, const Prompt& prompt, bool skip_special) {
  if (prompt.has_text) return prompt.text;
  if (!version.tokenizer) return {};
  Result<std::string> text = version.tokenizer->Decode(prompt.ids, skip_special);
  return text.ok() ? std::move(text).value() : std::string();
}

}  // namespace pano::api::openai
