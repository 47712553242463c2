#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>

namespace pano::train {

// Whether our own kernels take these tensors: float32 on the CPU. What else there is (float64 of
// tests and of evaluation, 16 bits) goes by libtorch's operations. Undefined ones do not count.
inline bool TakesKernels(std::initializer_list<at::Tensor> tensors) {
  for (const at::Tensor& t : tensors) {
    if (t.defined() && (t.scalar_type() != at::kFloat || !t.device().is_cpu())) return false;
  }
  return true;
}

}  // namespace pano::train
