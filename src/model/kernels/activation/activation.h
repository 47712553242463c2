#pragma once

#include <cstddef>
#include <cstdint>

namespace pano::kernels {

// The pointwise functions between the matrices of a feed-forward layer.
enum class Activation : uint8_t {
  kSilu,       // z / (1 + exp(-z))
  kGelu,       // z * Phi(z), the normal distribution's Phi (Hendrycks and Gimpel, 2016)
  kGeluTanh,   // its approximation by tanh
  kQuickGelu,  // z / (1 + exp(-1.702 z))
  kRelu,       // max(z, 0)
};

// x[i] = f(x[i]).
using ActivateFn = void (*)(float* x, size_t n);
// gate[i] = f(gate[i]) * up[i] (Shazeer, "GLU variants improve transformer", 2020).
using GatedActivateFn = void (*)(float* gate, const float* up, size_t n);

struct ActivationFns {
  ActivateFn plain;
  GatedActivateFn gated;
};

}  // namespace pano::kernels
