#pragma once

#include <cstddef>

#include "model/kernels/activation/activation.h"

namespace pano::kernels {

// How a step of AdamW changes a value (Loshchilov and Hutter, "Decoupled weight decay
// regularization", 2019).
struct AdamStep {
  float learning_rate;  // divided by the first moment's bias correction
  float keep;           // what decay leaves of a value: 1 - learning rate * weight decay
  float beta1, beta2;
  float unbias2;        // square root of the second moment's bias correction
  float epsilon;
};

// dx = dy f'(x).
using ActivateBackwardFn = void (*)(const float* x, const float* dy, size_t n, float* dx);
// Of f(gate) up: dgate = dy up f'(gate), dup = dy f(gate).
using GatedBackwardFn = void (*)(const float* gate, const float* up, const float* dy, size_t n,
                                 float* dgate, float* dup);

struct ActivationBackwardFns {
  ActivateBackwardFn plain;
  GatedBackwardFn gated;
};

// What training does to one row of floats besides the forward pass: backward passes of the
// pointwise operations and of norms, losses, the optimizer. Sums go in the order contract of
// matmul.h. Outputs do not overlap inputs unless said.
struct TrainingKernels {
  // Of norm.h's operations. dw[i] and db[i] are added to; db may be null.
  using NormBackwardFn = void (*)(const float* x, const float* w, const float* dy, float eps,
                                  size_t n, float* dx, float* dw, float* db);
  NormBackwardFn rms_norm, layer_norm;

  ActivationBackwardFns (*activation)(Activation);

  // x[i] = scale x[i] + bias[i], then the softmax of the row in place; what is 87 or more below
  // the largest is 0. Returns the logarithm of the sum of exp (shifted back). REQUIRES: n > 0.
  float (*softmax)(float* x, const float* bias, float scale, size_t n);
  // The same probabilities again from what softmax returned.
  void (*softmax_again)(float* x, const float* bias, float scale, float log_sum, size_t n);
  // dp[i] = scale p[i] (dp[i] - sum over j of p[j] dp[j]), in place.
  void (*softmax_backward)(const float* p, float* dp, float scale, size_t n);

  // Logarithm of the sum over i of exp(x[i]). REQUIRES: n > 0.
  float (*log_sum_exp)(const float* x, size_t n);
  // dx[i] = factor exp(x[i] - log_sum).
  void (*exp_scaled)(const float* x, float log_sum, float factor, size_t n, float* dx);

  // A step of AdamW on values with gradient g and moments m and v.
  void (*adam)(float* value, const float* g, float* m, float* v, size_t n, const AdamStep& step);
  // The sum of squares, in float64.
  double (*squares)(const float* x, size_t n);
};

}  // namespace pano::kernels
