#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "model/engine/request.h"

namespace pano::engine {

inline std::vector<TokenId> RandomPrompt(Random& random, size_t length) {
  std::vector<TokenId> prompt(length);
  for (TokenId& id : prompt) id = static_cast<TokenId>(2 + random.Below(60));
  return prompt;
}

// Lengths around block borders, shared beginnings, all kinds of sampling.
inline Request RandomRequest(Random& random, uint64_t prompt_max, uint64_t output_max) {
  Request request;
  if (random.Below(2) == 0) request.prompt = std::vector<TokenId>(random.Below(prompt_max), 5);
  auto rest = RandomPrompt(random, 1 + random.Below(prompt_max));
  request.prompt.insert(request.prompt.end(), rest.begin(), rest.end());
  request.max_tokens = 1 + static_cast<int64_t>(random.Below(output_max));
  request.sampling.seed = random.Next();
  request.n = random.Below(4) == 0 ? 3 : 1;
  switch (random.Below(4)) {
    case 0: request.sampling.temperature = 0; break;
    case 1: request.sampling.top_p = 0.8f; break;
    case 2:
      request.sampling.repetition_penalty = 1.2f;
      request.sampling.frequency_penalty = 0.3f;
      request.sampling.top_k = 20;
      break;
    default: request.min_tokens = static_cast<int64_t>(random.Below(5)); break;
  }
  if (request.min_tokens > *request.max_tokens) request.min_tokens = 0;
  if (random.Below(4) == 0) request.ignore_eos = true;
  if (random.Below(4) == 0) request.stop_token_ids = {7, 9};
  return request;
}

}  // namespace pano::engine
