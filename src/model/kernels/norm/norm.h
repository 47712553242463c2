#pragma once

#include <cstddef>

namespace pano::kernels {

// y[i] = x[i] / sqrt(mean(x^2) + eps) * w[i] (Zhang and Sennrich, "Root mean square layer
// normalization", 2019). The sum of squares in the order contract of matmul.h.
using RmsNormFn = void (*)(const float* x, const float* w, float eps, size_t n, float* y);

}  // namespace pano::kernels
