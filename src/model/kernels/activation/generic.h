#pragma once

// The activation functions over Lanes, for the file that defines Lanes (simd/lanes_*.h, included
// first): sixteen values at a time, all built on Exp (simd/exp.h), the last group filled up with
// zeros.

#include "model/kernels/activation/activation.h"
#include "model/kernels/simd/exp.h"
#include "model/kernels/simd/groups.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

inline Lanes Sigmoid(Lanes z) {
  return Lanes::Set(1.0f) / (Lanes::Set(1.0f) + Exp(Lanes::Zero() - z));
}

struct Silu {
  static Lanes Of(Lanes z) { return z / (Lanes::Set(1.0f) + Exp(Lanes::Zero() - z)); }
};
// Of the normal distribution at |z|: exp(-z^2 / 2), and Phi(-|z|) = erfc(|z| / sqrt 2) / 2 by formula
// 7.1.26 of Abramowitz and Stegun: off by 1e-7 at most.
struct NormalTail {
  Lanes size, bell, tail;

  static NormalTail Of(Lanes z) {
    const Lanes one = Lanes::Set(1.0f), size = Lanes::Max(z, Lanes::Zero() - z);
    const Lanes x = size * Lanes::Set(0.70710678f);
    const Lanes t = one / Lanes::MulAdd(Lanes::Set(0.3275911f), x, one);
    Lanes p = Lanes::Set(1.061405429f);
    p = Lanes::MulAdd(p, t, Lanes::Set(-1.453152027f));
    p = Lanes::MulAdd(p, t, Lanes::Set(1.421413741f));
    p = Lanes::MulAdd(p, t, Lanes::Set(-0.284496736f));
    p = Lanes::MulAdd(p, t, Lanes::Set(0.254829592f));
    const Lanes bell = Exp(Lanes::Zero() - x * x);
    return {size, bell, Lanes::Set(0.5f) * p * t * bell};
  }
};
struct Gelu {
  // max(z, 0) - |z| Phi(-|z|) is z Phi(z) on both sides.
  static Lanes Of(Lanes z, const NormalTail& n) { return Lanes::Max(Lanes::Zero(), z) - n.size * n.tail; }
  static Lanes Of(Lanes z) { return Of(z, NormalTail::Of(z)); }
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

template <typename F, bool kGated>
void Apply(float* x, const float* up, size_t n) {
  ForGroups(n, [&](size_t i, auto group) {
    Lanes y = F::Of(group(x + i));
    if constexpr (kGated) y = y * group(up + i);
    group.Store(x + i, y);
  });
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
