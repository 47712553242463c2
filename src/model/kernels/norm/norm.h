#pragma once

#include <cstddef>

namespace pano::kernels {

// y[i] = x[i] / sqrt(mean(x^2) + eps) * w[i] (Zhang and Sennrich, "Root mean square layer
// normalization", 2019). `b` is not read. Sums in the order contract of matmul.h.
// y[i] = (x[i] - mean(x)) / sqrt(variance(x) + eps) * w[i] + b[i] (Ba et al., "Layer
// normalization", 2016), the variance by deviations from the mean. `b` may be null. x and y may be
// the same.
using NormFn = void (*)(const float* x, const float* w, const float* b, float eps, size_t n,
                        float* y);

}  // namespace pano::kernels
