#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/engine/request.h"

namespace pano::api {

// How to generate, as a request says it: the union of what the dialects know. A field that was not
// given stays empty; what it defaults to is decided by generation_request.h. A value.
struct Parameters {
  std::optional<double> temperature, top_p, min_p, typical_p;
  std::optional<double> repetition_penalty, frequency_penalty, presence_penalty;
  std::optional<int64_t> top_k, seed;
  std::map<engine::TokenId, float> logit_bias;

  std::optional<int64_t> max_tokens, max_completion_tokens, n, best_of;
  int64_t min_tokens = 0;
  std::optional<int64_t> timeout_ms, queue_timeout_ms;
  // To generate: among its tenant's requests, a smaller one is earlier. To look at whole inputs: a level of
  // the model's Batching, 0 for its default.
  int64_t priority = 0;
  std::vector<std::string> stop;
  std::vector<engine::TokenId> stop_token_ids;
  bool ignore_eos = false;
  bool include_stop = false;
  bool skip_special = true;

  std::optional<int64_t> logprobs;  // alternatives per token (predict, completions)
  bool chat_logprobs = false;       // chat asks with a bool and says how many beside it
  std::optional<int64_t> top_logprobs;
  bool echo = false;
  bool add_special_tokens = true;  // begin tokens and their like, before a prompt given as text
  bool return_token_ids = false;
  bool stream = false;
  bool include_usage = false;
  bool resumable = false;  // the stream outlives its connection
};

}  // namespace pano::api
