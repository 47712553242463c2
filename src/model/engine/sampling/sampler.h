#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/engine/request.h"
#include "model/engine/sampling/distribution.h"
#include "model/engine/sampling/token_history.h"

namespace pano::engine {

// Below this a temperature is 0: the most likely token, the lowest id among equals.
inline constexpr float kTemperatureMin = 1e-5f;

// Adds logit bias and applies the penalties, in place. Results stay finite; minus infinity stays.
void AdjustLogits(const SamplingParams& params, const TokenHistory& history, std::span<float> logits);

// What one draw depends on, and nothing else: the random number is a pure function of seed, choice and
// position, so neither batching nor preemption can change it.
struct DrawInput {
  const SamplingParams* params = nullptr;
  const TokenHistory* history = nullptr;
  std::span<const TokenId> masked;   // cannot be drawn, unless nothing else is left
  // One bit a token, the lowest of the first word for token 0: what may be drawn at all. Others are as if
  // the model did not have them: they have no log-probability and no part in anybody else's. Empty: all.
  std::span<const uint32_t> allowed;
  uint64_t seed = 0;
  uint64_t choice = 0;
  uint64_t position = 0;             // of the token to draw, in the sequence
  int32_t top_logprobs = 0;          // <= 0: none
};

struct DrawnToken {
  TokenId id = 0;
  float logprob = 0;                 // raw log-softmax, over the tokens that were allowed
  std::vector<TokenLogprob> top;
};

// What Draw gives where `id` is all that is allowed, whatever the logits are.
DrawnToken OnlyToken(TokenId id, int32_t top_logprobs);

// Draws tokens from rows of logits. Holds its memory between rows. Confined to one thread at a time.
class Sampler {
 public:
  // Internal when the row has a NaN or no finite largest logit, both among what is allowed. Overwrites
  // `logits`. REQUIRES: `allowed` is empty or has a bit for each logit, one of them set.
  Result<DrawnToken> Draw(const DrawInput& input, std::span<float> logits);

  // The log-probability of a given token, as for a prompt that is echoed.
  Result<DrawnToken> Score(TokenId token, int32_t top_logprobs, std::span<const float> logits);

 private:
  // ln sum e^logit.
  Result<double> LogSum(std::span<const float> logits);

  Distribution distribution_;
  std::vector<float> weights_;
  std::vector<double> sums_;
  std::vector<float> unmasked_;
};

}  // namespace pano::engine
