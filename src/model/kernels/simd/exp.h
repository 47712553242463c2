#pragma once

#include "model/kernels/simd/lanes.h"

// exp over Lanes: within 2 ulp of the true value on [-87, 88],
// clamped outside. Cody-Waite reduction x = n ln 2 + r, |r| <= ln 2 / 2, and the Taylor polynomial
// of degree 7 in r, whose remainder is below 2^-27 there. NaN stays NaN.
namespace pano::kernels {
namespace {

inline Lanes Exp(Lanes x) {
  Lanes clamped = Lanes::Max(Lanes::Set(-87.0f), Lanes::Min(Lanes::Set(88.0f), x));
  Lanes n = Lanes::Round(clamped * Lanes::Set(1.44269504f));
  Lanes r = Lanes::MulAdd(n, Lanes::Set(-0.693359375f), clamped);  // ln 2 in two parts, the first
  r = Lanes::MulAdd(n, Lanes::Set(2.12194440e-4f), r);             // short enough to be exact
  Lanes p = Lanes::Set(1.0f / 5040.0f);
  constexpr float kInverseFactorials[] = {1.0f / 720.0f, 1.0f / 120.0f, 1.0f / 24.0f, 1.0f / 6.0f,
                                          0.5f,          1.0f,          1.0f};
  for (float c : kInverseFactorials) p = Lanes::MulAdd(p, r, Lanes::Set(c));
  return Lanes::ScaleByPowerOfTwo(p, n);
}

}  // namespace
}  // namespace pano::kernels
