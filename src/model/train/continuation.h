#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/train/token_sequence.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// The most likely continuation of exactly `count` tokens, end tokens included. `gap_min` (may be
// null) is lowered to the smallest (best - second best) / max |logit| met.
TokenSequence Greedy(const TransformerModule& module, const TokenSequence& prompt, int64_t count,
                     double* gap_min);

// Logits [vocab] after the last of `ids`.
at::Tensor LastLogits(const TransformerModule& module, const TokenSequence& ids);

}  // namespace pano::train
