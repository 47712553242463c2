#pragma once

// The activation functions over Lanes, for the file that defines Lanes (simd/lanes_*.h, included
// first): sixteen values at a time, all built on Exp (simd/exp.h), the last group filled up with
// zeros.

#include <cstring>

#include "model/kernels/activation/activation.h"
#include "model/kernels/simd/exp.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

inline Lanes Sigmoid(Lanes z) {
  return Lanes::Set(1.0f) / (Lanes::Set(1.0f) + Exp(Lanes::Zero() - z));
}

struct Silu {
  static Lanes Of(Lanes z) { return z / (Lanes::Set(1.0f) + Exp(Lanes::Zero() - z)); }
};
struct Gelu {
  // Phi(z) = erfc(-z / sqrt 2) / 2 by formula 7.1.26 of Abramowitz and Stegun: off by 1e-7 at most.
  static Lanes Of(Lanes z) {
    const Lanes one = Lanes::Set(1.0f);
    const Lanes x = Lanes::Max(z, Lanes::Zero() - z) * Lanes::Set(0.70710678f);
    const Lanes t = one / Lanes::MulAdd(Lanes::Set(0.3275911f), x, one);
    Lanes p = Lanes::Set(1.061405429f);
    p = Lanes::MulAdd(p, t, Lanes::Set(-1.453152027f));
    p = Lanes::MulAdd(p, t, Lanes::Set(1.421413741f));
    p = Lanes::MulAdd(p, t, Lanes::Set(-0.284496736f));
    p = Lanes::MulAdd(p, t, Lanes::Set(0.254829592f));
    const Lanes tail = Lanes::Set(0.5f) * p * t * Exp(Lanes::Zero() - x * x);  // Phi(-|z|)
    // max(z, 0) - |z| Phi(-|z|) is z Phi(z) on both sides.
    return Lanes::Max(Lanes::Zero(), z) - Lanes::Max(z, Lanes::Zero() - z) * tail;
  }
};
struct GeluTanh {
  // (1 + tanh u) / 2 is the sigmoid of 2u.
  static Lanes Of(Lanes z) {
    const Lanes u = Lanes::MulAdd(Lanes::Set(0.044715f) * z * z, z, z) * Lanes::Set(0.79788456f);
    return z * Sigmoid(u + u);
  }
};
struct QuickGelu {
  static Lanes Of(Lanes z) { return z * Sigmoid(Lanes::Set(1.702f) * z); }
};
struct Relu {
  static Lanes Of(Lanes z) { return Lanes::Max(Lanes::Zero(), z); }
};

// The tail runs through the same lanes, so that a value does not depend on its position.
template <typename F, bool kGated>
void Apply(float* x, const float* up, size_t n) {
  for (size_t i = 0; i < n; i += Lanes::kWidth) {
    if (n - i >= Lanes::kWidth) {
      Lanes y = F::Of(Lanes::Load(x + i));
      if constexpr (kGated) y = y * Lanes::Load(up + i);
      y.Store(x + i);
      continue;
    }
    float part[2][Lanes::kWidth] = {};
    std::memcpy(part[0], x + i, (n - i) * sizeof(float));
    Lanes y = F::Of(Lanes::Load(part[0]));
    if constexpr (kGated) {
      std::memcpy(part[1], up + i, (n - i) * sizeof(float));
      y = y * Lanes::Load(part[1]);
    }
    y.Store(part[0]);
    std::memcpy(x + i, part[0], (n - i) * sizeof(float));
  }
}

template <typename F>
void Activate(float* x, size_t n) {
  Apply<F, false>(x, nullptr, n);
}
template <typename F>
void GatedActivate(float* gate, const float* up, size_t n) {
  Apply<F, true>(gate, up, n);
}

inline ActivationFns ActivationFor(Activation activation) {
  switch (activation) {
    case Activation::kGelu:
      return {Activate<Gelu>, GatedActivate<Gelu>};
    case Activation::kGeluTanh:
      return {Activate<GeluTanh>, GatedActivate<GeluTanh>};
    case Activation::kQuickGelu:
      return {Activate<QuickGelu>, GatedActivate<QuickGelu>};
    case Activation::kRelu:
      return {Activate<Relu>, GatedActivate<Relu>};
    case Activation::kSilu:
      break;
  }
  return {Activate<Silu>, GatedActivate<Silu>};
}

}  // namespace
}  // namespace pano::kernels
