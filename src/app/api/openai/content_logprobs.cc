#include "app/api/openai/content_logprobs.h"

#include <utility>

#include "app/api/answer.h"
#include "app/api/prompt_text.h"
#include "app/models/token_text.h"

namespace pano::api::openai {
namespace {

using json::Value;

Value OneJson(const models::ModelVersion& version, engine::TokenId id, float logprob) {
  Value entry;
  entry.Set("token", models::TokenText(version, id));
  entry.Set("logprob", FloatJson(logprob));
  entry.Set("bytes", TokenBytesJson(version, id));
  return entry;
}

}  // namespace

json::Value TokenLogprobs(const models::ModelVersion& version, engine::TokenId id, float logprob,
                          const std::vector<engine::TokenLogprob>& top) {
  Value entry = OneJson(version, id, logprob);
  Value alternatives{json::Array()};
  for (const engine::TokenLogprob& one : top) {
    alternatives.Append(OneJson(version, one.id, one.logprob));
  }
  entry.Set("top_logprobs", std::move(alternatives));
  return entry;
}

}  // namespace pano::api::openai
