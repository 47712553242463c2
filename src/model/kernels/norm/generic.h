#pragma once

#include <cstddef>

#include "model/kernels/norm/norm.h"

#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

inline void RmsNorm(const float* x, const float* w, float eps, size_t n, float* y) {
  const size_t whole = n / Lanes::kWidth * Lanes::kWidth;
  Lanes squares = Lanes::Zero();
  for (size_t i = 0; i < whole; i += Lanes::kWidth) {
    Lanes v = Lanes::Load(x + i);
    squares = Lanes::MulAdd(v, v, squares);
  }
  float part[Lanes::kWidth] = {};
  for (size_t i = whole; i < n; ++i) part[i - whole] = x[i];
  Lanes tail = Lanes::Load(part);
  squares = Lanes::MulAdd(tail, tail, squares);
  const float scale = 1.0f / __builtin_sqrtf(squares.Sum() / static_cast<float>(n) + eps);
  for (size_t i = 0; i < n; ++i) y[i] = x[i] * scale * w[i];
}

}  // namespace
}  // namespace pano::kernels
