#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace pano::train {

// Sum of -ln p of `targets` [n] (int64) under `logits` [n, classes]; a target of `no_label` is left
// out.
at::Tensor CrossEntropySum(const at::Tensor& logits, const at::Tensor& targets, int64_t no_label);

}  // namespace pano::train
