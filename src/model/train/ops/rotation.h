#pragma once

#include <ATen/core/Tensor.h>

namespace pano::train {

// Rotary position embedding (Su et al., "RoFormer", 2021). x [batch, length, heads, size]; cos and
// sin [length, 1, rotated] or [batch, length, 1, rotated], constants. The first `rotated`
// components are turned in pairs: i with i + rotated / 2, or, `interleaved`, 2i with 2i + 1.
at::Tensor Rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin,
                  bool interleaved);

}  // namespace pano::train
