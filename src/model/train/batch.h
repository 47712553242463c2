#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "model/train/data/row.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// Sequences as tensors, filled up on the right to the longest.
struct SequenceBatch {
  TextBatch text;         // its masks are undefined where they would change nothing
  at::Tensor labels;      // [batch, length], int64, -100 for what fills up
  at::Tensor completion;  // [batch, length], bool: of the answer that is judged
  int64_t tokens = 0;     // that are no padding
};

// The label of each token: those that are given, else the tokens themselves without padding and
// without what begins a text, which nothing before it predicts.
std::vector<int32_t> LabelsOf(const Sequence& sequence);

// `causal`: padding on the right is seen by nothing that counts, so that no mask is needed for it.
SequenceBatch MakeBatch(std::span<const Sequence* const> sequences, bool causal);

// Labels one a token that stand apart from the sequences, as wide as `length`.
at::Tensor LabelMatrix(std::span<const std::vector<int32_t>* const> labels, int64_t length);

}  // namespace pano::train
