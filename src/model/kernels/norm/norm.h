#pragma once

#include <cstddef>

namespace pano::kernels {

// Rows to be normed. What is `added` to them, where it is given, comes first: x stands below for
// x + added_scale * added.
struct NormRows {
  const float* x = nullptr;  // [rows, width], rows x_stride apart
  size_t x_stride = 0;
  const float* added = nullptr;  // likewise, or null
  size_t added_stride = 0;
  float added_scale = 1.0f;
  float* y = nullptr;  // likewise; may be x
  size_t y_stride = 0;
  size_t rows = 0, width = 0;
  const float* weight = nullptr;  // [width]
  const float* bias = nullptr;    // [width] or null
  float epsilon = 0.0f;
};

// RMS:   y[i] = x[i] / sqrt(mean(x^2) + epsilon) * weight[i] (Zhang and Sennrich, "Root mean square layer
//        normalization", 2019). The bias is not read.
// Layer: y[i] = (x[i] - mean(x)) / sqrt(variance(x) + epsilon) * weight[i] + bias[i] (Ba et al., "Layer
//        normalization", 2016), the variance by deviations from the mean.
// Sums in the order contract of matmul.h, each row's for itself.
using NormFn = void (*)(const NormRows& rows);

}  // namespace pano::kernels
