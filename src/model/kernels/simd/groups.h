#pragma once

#include <cstddef>
#include <cstring>

#include "model/kernels/simd/lanes.h"

// A row in groups of sixteen, the last one filled up, for the file that defines Lanes (simd/lanes_*.h,
// included first).
namespace pano::kernels {
namespace {

// What ForGroups hands on: group(p) loads a group, group.Store(p, lanes) stores one.
struct WholeGroup {
  Lanes operator()(const float* p, float = 0.0f) const { return Lanes::Load(p); }
  void Store(float* p, Lanes x) const { x.Store(p); }
};
struct PartGroup {
  size_t count;
  // `fill` stands for what is not there.
  Lanes operator()(const float* p, float fill = 0.0f) const {
    float part[Lanes::kWidth];
    for (float& x : part) x = fill;
    std::memcpy(part, p, count * sizeof(float));
    return Lanes::Load(part);
  }
  void Store(float* p, Lanes x) const {
    float part[Lanes::kWidth];
    x.Store(part);
    std::memcpy(p, part, count * sizeof(float));
  }
};

// f(i, group) for each group of a row of n, from i on. The tail runs through the same lanes, so that a
// value does not depend on its position.
template <typename F>
inline void ForGroups(size_t n, F f) {
  const size_t whole = n / Lanes::kWidth * Lanes::kWidth;
  for (size_t i = 0; i < whole; i += Lanes::kWidth) f(i, WholeGroup{});
  if (whole < n) f(whole, PartGroup{n - whole});
}

}  // namespace
}  // namespace pano::kernels
