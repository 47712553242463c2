#pragma once

// RMSNorm and LayerNorm over Lanes, for the file that defines Lanes (simd/lanes_*.h, included
// first): one or two reductions in sixteen lanes, then one pass over the row that scales it.

#include <cstddef>

#include "model/kernels/norm/norm.h"
#include "model/kernels/simd/groups.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

// The sum over i of f(x[i]) in sixteen lanes; f(lanes, sum) adds one group. The last, partial group
// counts as filled up with `pad`.
template <typename F>
float SumOver(const float* x, size_t n, float pad, F f) {
  Lanes sum = Lanes::Zero();
  ForGroups(n, [&](size_t i, auto group) { sum = f(group(x + i, pad), sum); });
  return sum.Sum();
}

inline void RmsNorm(const float* x, const float* w, const float*, float eps, size_t n, float* y) {
  const float squares =
      SumOver(x, n, 0.0f, [](Lanes v, Lanes sum) { return Lanes::MulAdd(v, v, sum); });
  const float scale = 1.0f / __builtin_sqrtf(squares / static_cast<float>(n) + eps);
  for (size_t i = 0; i < n; ++i) y[i] = x[i] * scale * w[i];
}

inline void LayerNorm(const float* x, const float* w, const float* b, float eps, size_t n,
                      float* y) {
  const float mean =
      SumOver(x, n, 0.0f, [](Lanes v, Lanes sum) { return v + sum; }) / static_cast<float>(n);
  const Lanes middle = Lanes::Set(mean);
  const float squares = SumOver(x, n, mean, [middle](Lanes v, Lanes sum) {
    const Lanes d = v - middle;
    return Lanes::MulAdd(d, d, sum);
  });
  const float scale = 1.0f / __builtin_sqrtf(squares / static_cast<float>(n) + eps);
  if (b) {
    for (size_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale * w[i] + b[i];
  } else {
    for (size_t i = 0; i < n; ++i) y[i] = (x[i] - mean) * scale * w[i];
  }
}

}  // namespace
}  // namespace pano::kernels
