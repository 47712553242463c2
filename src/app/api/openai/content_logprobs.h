#pragma once

#include <vector>

#include "app/models/model_version.h"
#include "base/json.h"
#include "model/engine/request.h"

namespace pano::api::openai {

// A token with its alternatives, as chat completions and responses have it:
// {"token", "logprob", "bytes", "top_logprobs": [{"token", "logprob", "bytes"}]}.
json::Value TokenLogprobs(const models::ModelVersion& version, engine::TokenId id, float logprob,
                          const std::vector<engine::TokenLogprob>& top);

}  // namespace pano::api::openai
