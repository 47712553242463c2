#pragma once

#include <cstdint>
#include <vector>

#include "model/nn/fwd.h"
#include "model/nn/reference/formulas.h"
#include "model/nn/reference/weights.h"

namespace pano::reference {

// One sequence as its layers see it: every token at once, nothing kept between calls.
struct Sequence {
  std::vector<int64_t> positions;  // [tokens], ascending
  std::vector<bool> seen;          // [tokens]: whether others attend to it; empty: all are seen
  int64_t length = 0;              // what scalings of positions by length go by
  const Matrix* memory = nullptr;  // [rows, hidden] of another stack, for cross attention
};

// What layer `layer` adds for rows x [tokens, hidden]: softmax(cap(scale * Q K^T) + bias) V over
// the tokens that each may see, and the output matrix. With latent attention keys and values are
// written out for every head.
Matrix SelfAttention(const nn::ModelConfig& config, const ModelTensors& tensors, size_t layer,
                     const Sequence& sequence, const Matrix& x);
// The same over the rows of `sequence.memory`, all of them, without positions.
Matrix CrossAttention(const nn::ModelConfig& config, const ModelTensors& tensors, size_t layer,
                      const Sequence& sequence, const Matrix& x);

}  // namespace pano::reference
