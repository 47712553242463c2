#pragma once

#include <ATen/core/Tensor.h>

namespace pano::train {

// RMSNorm or, `centred`, LayerNorm over the last dimension (kernels/norm/norm.h has the formulas).
// weight, bias: [last dimension], or what broadcasts to x; bias may be undefined.
at::Tensor Normalise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     double epsilon, bool centred);

}  // namespace pano::train
