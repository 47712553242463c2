#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "model/train/llama_module.h"
#include "model/train/token_rows.h"

namespace pano::train {

struct SampleOptions {
  int64_t tokens = 200;  // at most; an end token ends a text earlier
  double temperature = 0.7;
  double top_p = 0.95;
  uint64_t seed = 0;
};

// Continues `prompt` (which begins with the end token) by drawing from the model; the answer holds
// the new tokens without the end token. Runs the whole text again for every token: for a look at
// what was learnt, not for serving.
TokenSequence Sample(const LlamaModule& module, const TokenSequence& prompt,
                     const SampleOptions& options);

// The most likely continuation of exactly `count` tokens, end tokens included. `gap_min` (may be
// null) is lowered to the smallest (best - second best) / max |logit| met.
TokenSequence Greedy(const LlamaModule& module, const TokenSequence& prompt, int64_t count,
                     double* gap_min);

// Logits [vocab] after the last of `ids`.
at::Tensor LastLogits(const LlamaModule& module, const TokenSequence& ids);

// Draws one of `probabilities` (they sum to 1) among the fewest of the highest that reach `top_p`.
int32_t DrawToken(const std::vector<double>& probabilities, double top_p, double uniform);

}  // namespace pano::train
