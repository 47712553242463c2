#pragma once

// RMSNorm and LayerNorm over Lanes, for the file that defines Lanes (simd/lanes_*.h, included
// first): one or two reductions in sixteen lanes, then one pass over the row that scales it. Four rows go
// side by side, as each addition of a reduction waits for the one before.

#include <cstddef>

#include "model/kernels/norm/norm.h"
#include "model/kernels/simd/groups.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

// kRows rows from `row` on. Confined to one thread.
template <int kRows>
struct NormSome {
  const NormRows a;  // a copy, which no store can change
  const size_t row;
  const float* from[kRows];  // where the rows are read after the first pass

  NormSome(const NormRows& rows, size_t first) : a(rows), row(first) {
    for (size_t r = 0; r < kRows; ++r) {
      from[r] = a.added ? a.y + (row + r) * a.y_stride : a.x + (row + r) * a.x_stride;
    }
  }

  // f(r, x, sum) adds a group of row r to its sum, the first time the rows are read. The last, partial group
  // counts as filled up with zeros.
  template <typename F>
  void FirstSums(float (&sums)[kRows], F f) const {
    Lanes sum[kRows];
    for (Lanes& s : sum) s = Lanes::Zero();
    const Lanes scale = Lanes::Set(a.added_scale);
    ForGroups(a.width, [&](size_t i, auto group) {
      for (size_t r = 0; r < kRows; ++r) {
        Lanes x = group(a.x + (row + r) * a.x_stride + i);
        if (a.added) {
          x = x + scale * group(a.added + (row + r) * a.added_stride + i);
          group.Store(a.y + (row + r) * a.y_stride + i, x);
        }
        sum[r] = f(x, sum[r]);
      }
    });
    for (size_t r = 0; r < kRows; ++r) sums[r] = sum[r].Sum();
  }

  // The sums of squares of what is left of x by `middle`, which stands for what is not there.
  void SquaresAround(const float (&middle)[kRows], float (&sums)[kRows]) const {
    Lanes sum[kRows];
    for (Lanes& s : sum) s = Lanes::Zero();
    ForGroups(a.width, [&](size_t i, auto group) {
      for (size_t r = 0; r < kRows; ++r) {
        const Lanes d = group(from[r] + i, middle[r]) - Lanes::Set(middle[r]);
        sum[r] = Lanes::MulAdd(d, d, sum[r]);
      }
    });
    for (size_t r = 0; r < kRows; ++r) sums[r] = sum[r].Sum();
  }

  // y = f(r, x) * weight + bias.
  template <typename F>
  void Write(const float* bias, F f) const {
    ForGroups(a.width, [&](size_t i, auto group) {
      const Lanes weight = group(a.weight + i);
      for (size_t r = 0; r < kRows; ++r) {
        Lanes y = f(r, group(from[r] + i)) * weight;
        if (bias) y = y + group(bias + i);
        group.Store(a.y + (row + r) * a.y_stride + i, y);
      }
    });
  }

  float Scale(float squares) const {
    return 1.0f / __builtin_sqrtf(squares / static_cast<float>(a.width) + a.epsilon);
  }

  void Rms() const {
    float scale[kRows];
    FirstSums(scale, [](Lanes x, Lanes sum) { return Lanes::MulAdd(x, x, sum); });
    for (float& s : scale) s = Scale(s);
    Write(nullptr, [&](size_t r, Lanes x) { return x * Lanes::Set(scale[r]); });
  }

  void Layer() const {
    float mean[kRows], scale[kRows];
    FirstSums(mean, [](Lanes x, Lanes sum) { return x + sum; });
    for (float& m : mean) m = m / static_cast<float>(a.width);
    SquaresAround(mean, scale);
    for (float& s : scale) s = Scale(s);
    Write(a.bias, [&](size_t r, Lanes x) { return (x - Lanes::Set(mean[r])) * Lanes::Set(scale[r]); });
  }
};

inline constexpr size_t kNormRows = 4;  // at a time

inline void RmsNorm(const NormRows& rows) {
  size_t row = 0;
  for (; row + kNormRows <= rows.rows; row += kNormRows) NormSome<kNormRows>(rows, row).Rms();
  for (; row < rows.rows; ++row) NormSome<1>(rows, row).Rms();
}

inline void LayerNorm(const NormRows& rows) {
  size_t row = 0;
  for (; row + kNormRows <= rows.rows; row += kNormRows) NormSome<kNormRows>(rows, row).Layer();
  for (; row < rows.rows; ++row) NormSome<1>(rows, row).Layer();
}

}  // namespace
}  // namespace pano::kernels
