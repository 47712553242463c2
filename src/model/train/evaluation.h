#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/train/token_sequence.h"
#include "model/train/transformer_module.h"

namespace pano::train {

struct Loss {
  double nats = 0;     // sum of -ln p
  int64_t tokens = 0;  // that were predicted
};

// Scores each sequence by itself: every token after the first, in windows of at most `context`
// tokens that begin at 0, stride, 2 stride, ... and score what the window before did not reach.
// Positions restart in every window.
Loss Evaluate(const TransformerModule& module, std::span<const TokenSequence> sequences,
              int64_t context, int64_t stride);

// Bits per byte of texts that have `bytes` bytes without their end tokens.
double BitsPerByte(const Loss& loss, size_t bytes);

}  // namespace pano::train
