#pragma once

#include <cstring>

#include "model/kernels/activation/activation.h"

#include "model/kernels/simd/lanes.h"
#include "model/kernels/simd/exp.h"

namespace pano::kernels {
namespace {

inline void SwiGlu(float* gate, const float* up, size_t n) {
  for (size_t i = 0; i < n; i += Lanes::kWidth) {
    // The tail runs through the same lanes, so that a value does not depend on where it stands.
    const size_t count = n - i < size_t{Lanes::kWidth} ? n - i : size_t{Lanes::kWidth};
    float part[2][Lanes::kWidth] = {};
    const bool whole = count == Lanes::kWidth;
    if (!whole) {
      std::memcpy(part[0], gate + i, count * sizeof(float));
      std::memcpy(part[1], up + i, count * sizeof(float));
    }
    Lanes z = Lanes::Load(whole ? gate + i : part[0]);
    Lanes u = Lanes::Load(whole ? up + i : part[1]);
    Lanes y = z / (Lanes::Set(1.0f) + Exp(Lanes::Zero() - z)) * u;
    if (whole) {
      y.Store(gate + i);
    } else {
      y.Store(part[0]);
      std::memcpy(gate + i, part[0], count * sizeof(float));
    }
  }
}

}  // namespace
}  // namespace pano::kernels
