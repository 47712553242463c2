#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/train/token_rows.h"
#include "model/train/transformer_module.h"

namespace pano::train {

struct SampleOptions {
  int64_t tokens = 200;  // at most; an end token ends a text earlier
  double temperature = 0.7;
  double top_p = 0.95;
  uint64_t seed = 0;
};

// Continues `prompt` (which begins with the end token) by drawing as serving draws
// (engine::Distribution); the answer holds the new tokens without the end token. Runs the whole
// text again for every token: for a look at what was learnt, not for serving.
TokenSequence Sample(const TransformerModule& module, const TokenSequence& prompt,
                     const SampleOptions& options);

// The most likely continuation of exactly `count` tokens, end tokens included. `gap_min` (may be
// null) is lowered to the smallest (best - second best) / max |logit| met.
TokenSequence Greedy(const TransformerModule& module, const TokenSequence& prompt, int64_t count,
                     double* gap_min);

// Logits [vocab] after the last of `ids`.
at::Tensor LastLogits(const TransformerModule& module, const TokenSequence& ids);

}  // namespace pano::train
