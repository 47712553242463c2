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
// max(z, 0) - |z| Phi(-|z|) is z Phi(z) on both sides. Phi(-s) is a polynomial of degree 15 on [0, 5.5], behind
// which s Phi(-s) is below 2e-7: the one whose product with s is off by 1.3e-7 at most (Remez).
struct Gelu {
  static Lanes Of(Lanes z) {
    constexpr float kEnd = 5.5f;
    const Lanes size = Lanes::Min(Lanes::Set(kEnd), Lanes::Max(z, Lanes::Zero() - z));
    const Lanes u = Lanes::MulAdd(size, Lanes::Set(2.0f / kEnd), Lanes::Set(-1.0f));
    constexpr float kCoefficients[] = {
        0.00532758888f, 0.0301311333f, -0.0435079224f, -0.0490752086f, 0.133205414f,
        -0.0349251442f, -0.163058847f, 0.218434811f,   -0.051397223f,  -0.177165389f,
        0.271889746f,   -0.206808046f, 0.0945579335f,  -0.0250080619f, 0.00297977426f};
    Lanes p = Lanes::Set(-0.00558056217f);
    for (float c : kCoefficients) p = Lanes::MulAdd(p, u, Lanes::Set(c));
    return Lanes::MulAdd(Lanes::Zero() - size, p, Lanes::Max(Lanes::Zero(), z));
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
