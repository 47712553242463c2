#pragma once

// The kernels of training over Lanes, for the file that defines Lanes (simd/lanes_*.h, included
// first). Sixteen values at a time; a last, partial group counts as filled up with zeros.

#include <cstddef>

#include "model/kernels/activation/generic.h"
#include "model/kernels/norm/generic.h"
#include "model/kernels/simd/exp.h"
#include "model/kernels/simd/groups.h"
#include "model/kernels/simd/lanes.h"
#include "model/kernels/training/training.h"

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

inline void RmsNormBackward(const float* x, const float* w, const float* dy, float eps, size_t n,
                            float* dx, float* dw, float*) {
  Lanes squares = Lanes::Zero(), products = Lanes::Zero();
  ForGroups(n, [&](size_t i, auto group) {
    const Lanes v = group(x + i);
    squares = Lanes::MulAdd(v, v, squares);
    products = Lanes::MulAdd(group(dy + i) * group(w + i), v, products);
  });
  const auto count = static_cast<float>(n);
  const float scale = 1.0f / __builtin_sqrtf(squares.Sum() / count + eps);
  const Lanes s = Lanes::Set(scale);
  const Lanes back = Lanes::Set(-scale * scale * scale * products.Sum() / count);
  ForGroups(n, [&](size_t i, auto group) {
    const Lanes v = group(x + i), d = group(dy + i);
    group.Store(dx + i, Lanes::MulAdd(back, v, d * group(w + i) * s));
    group.Store(dw + i, Lanes::MulAdd(d, v * s, group(dw + i)));
  });
}

inline void LayerNormBackward(const float* x, const float* w, const float* dy, float eps, size_t n,
                              float* dx, float* dw, float* db) {
  const auto count = static_cast<float>(n);
  const float mean = SumOver(x, n, 0.0f, [](Lanes v, Lanes sum) { return v + sum; }) / count;
  const Lanes middle = Lanes::Set(mean);
  const float squares = SumOver(x, n, mean, [middle](Lanes v, Lanes sum) {
    const Lanes d = v - middle;
    return Lanes::MulAdd(d, d, sum);
  });
  const float scale = 1.0f / __builtin_sqrtf(squares / count + eps);
  const Lanes s = Lanes::Set(scale);
  Lanes sum = Lanes::Zero(), products = Lanes::Zero();
  ForGroups(n, [&](size_t i, auto group) {
    const Lanes g = group(dy + i) * group(w + i);
    sum = sum + g;
    products = Lanes::MulAdd(g, (group(x + i, mean) - middle) * s, products);
  });
  const Lanes mean_g = Lanes::Set(sum.Sum() / count), mean_p = Lanes::Set(products.Sum() / count);
  ForGroups(n, [&](size_t i, auto group) {
    const Lanes unit = (group(x + i, mean) - middle) * s, d = group(dy + i);
    group.Store(dx + i, s * (d * group(w + i) - mean_g - unit * mean_p));
    group.Store(dw + i, Lanes::MulAdd(d, unit, group(dw + i)));
    if (db) group.Store(db + i, group(db + i) + d);
  });
}

// Values of the activations beside their derivatives.
struct WithSlope {
  Lanes value, slope;
};
struct SiluSlope {
  static WithSlope Of(Lanes z) {
    const Lanes one = Lanes::Set(1.0f), s = Sigmoid(z);
    return {z * s, s * Lanes::MulAdd(z, one - s, one)};
  }
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
struct GeluSlope {
  static WithSlope Of(Lanes z) {
    // Phi(z) + z phi(z). Where z is negative Phi is the tail, else 1 less it: sign(z) (1/2 - tail) + 1/2.
    const NormalTail n = NormalTail::Of(z);
    const Lanes half = Lanes::Set(0.5f), sign = z / Lanes::Max(n.size, Lanes::Set(1e-30f));
    const Lanes phi = Lanes::MulAdd(sign, half - n.tail, half);
    return {Lanes::Max(Lanes::Zero(), z) - n.size * n.tail, Lanes::MulAdd(z * Lanes::Set(0.39894228f), n.bell, phi)};
  }
};
struct GeluTanhSlope {
  static WithSlope Of(Lanes z) {
    // z s(2u), s the sigmoid: s + z 2u' s (1 - s).
    const Lanes one = Lanes::Set(1.0f), square = z * z;
    const Lanes u = Lanes::MulAdd(Lanes::Set(0.044715f) * square, z, z) * Lanes::Set(0.79788456f);
    const Lanes s = Sigmoid(u + u);
    const Lanes du = Lanes::MulAdd(Lanes::Set(3 * 0.044715f), square, one) * Lanes::Set(1.59576912f);
    return {z * s, Lanes::MulAdd(z * du, s * (one - s), s)};
  }
};
struct QuickGeluSlope {
  static WithSlope Of(Lanes z) {
    const Lanes one = Lanes::Set(1.0f), factor = Lanes::Set(1.702f), s = Sigmoid(factor * z);
    return {z * s, s * Lanes::MulAdd(factor * z, one - s, one)};
  }
};
struct ReluSlope {
  static WithSlope Of(Lanes z) {
    // 1 above 0 and 0 elsewhere, down to the smallest floats that training meets.
    const Lanes value = Lanes::Max(Lanes::Zero(), z);
    return {value, value / Lanes::Max(value, Lanes::Set(1e-37f))};
  }
};

template <typename F>
void ActivateBackward(const float* x, const float* dy, size_t n, float* dx) {
  ForGroups(n, [&](size_t i, auto group) {
    group.Store(dx + i, group(dy + i) * F::Of(group(x + i)).slope);
  });
}
template <typename F>
void GatedBackward(const float* gate, const float* up, const float* dy, size_t n, float* dgate,
                   float* dup) {
  ForGroups(n, [&](size_t i, auto group) {
    const WithSlope f = F::Of(group(gate + i));
    const Lanes d = group(dy + i);
    group.Store(dgate + i, d * group(up + i) * f.slope);
    group.Store(dup + i, d * f.value);
  });
}

inline ActivationBackwardFns ActivationBackwardFor(Activation activation) {
  switch (activation) {
    case Activation::kGelu:
      return {ActivateBackward<GeluSlope>, GatedBackward<GeluSlope>};
    case Activation::kGeluTanh:
      return {ActivateBackward<GeluTanhSlope>, GatedBackward<GeluTanhSlope>};
    case Activation::kQuickGelu:
      return {ActivateBackward<QuickGeluSlope>, GatedBackward<QuickGeluSlope>};
    case Activation::kRelu:
      return {ActivateBackward<ReluSlope>, GatedBackward<ReluSlope>};
    case Activation::kSilu:
      break;
  }
  return {ActivateBackward<SiluSlope>, GatedBackward<SiluSlope>};
}

// exp(x) that is 0 from -87 down, where Exp stops: a key that nobody sees has no weight at all.
inline Lanes ExpToZero(Lanes x) { return Exp(x) - Exp(Lanes::Set(-87.0f)); }

constexpr float kLowest = -3.4e38f;  // fills groups up where the largest is looked for

inline float NaturalLog(float x) { return __builtin_logf(x); }

inline float RowSoftmax(float* x, const float* bias, float scale, size_t n) {
  const Lanes factor = Lanes::Set(scale);
  Lanes largest = Lanes::Set(kLowest);
  ForGroups(n, [&](size_t i, auto group) {
    const Lanes v = Lanes::MulAdd(group(x + i), factor, group(bias + i, kLowest));
    group.Store(x + i, v);
    largest = Lanes::Max(largest, v);
  });
  const float top = largest.MaxLane();
  const Lanes shift = Lanes::Set(top);
  Lanes sum = Lanes::Zero();
  ForGroups(n, [&](size_t i, auto group) {
    const Lanes e = ExpToZero(group(x + i, kLowest) - shift);
    group.Store(x + i, e);
    sum = sum + e;
  });
  const float total = sum.Sum();
  const Lanes inverse = Lanes::Set(1.0f / total);
  ForGroups(n, [&](size_t i, auto group) { group.Store(x + i, group(x + i) * inverse); });
  return top + NaturalLog(total);
}

inline void RowSoftmaxAgain(float* x, const float* bias, float scale, float log_sum, size_t n) {
  const Lanes factor = Lanes::Set(scale), shift = Lanes::Set(log_sum);
  ForGroups(n, [&](size_t i, auto group) {
    const Lanes v = Lanes::MulAdd(group(x + i), factor, group(bias + i)) - shift;
    group.Store(x + i, ExpToZero(v));
  });
}

inline void RowSoftmaxBackward(const float* p, float* dp, float scale, size_t n) {
  Lanes products = Lanes::Zero();
  ForGroups(n, [&](size_t i, auto group) {
    products = Lanes::MulAdd(group(p + i), group(dp + i), products);
  });
  const Lanes mean = Lanes::Set(products.Sum()), factor = Lanes::Set(scale);
  ForGroups(n, [&](size_t i, auto group) {
    group.Store(dp + i, factor * group(p + i) * (group(dp + i) - mean));
  });
}

inline float LogSumExp(const float* x, size_t n) {
  Lanes largest = Lanes::Set(kLowest);
  ForGroups(n, [&](size_t i, auto group) { largest = Lanes::Max(largest, group(x + i, kLowest)); });
  const float top = largest.MaxLane();
  const Lanes shift = Lanes::Set(top);
  Lanes sum = Lanes::Zero();
  ForGroups(n, [&](size_t i, auto group) { sum = sum + ExpToZero(group(x + i, kLowest) - shift); });
  return top + NaturalLog(sum.Sum());
}

inline void ExpScaled(const float* x, float log_sum, float factor, size_t n, float* dx) {
  const Lanes shift = Lanes::Set(log_sum), f = Lanes::Set(factor);
  ForGroups(n, [&](size_t i, auto group) { group.Store(dx + i, f * ExpToZero(group(x + i) - shift)); });
}

inline void Adam(float* value, const float* g, float* m, float* v, size_t n, const AdamStep& step) {
  const Lanes beta1 = Lanes::Set(step.beta1), beta2 = Lanes::Set(step.beta2);
  const Lanes rest1 = Lanes::Set(1.0f - step.beta1), rest2 = Lanes::Set(1.0f - step.beta2);
  const Lanes unbias2 = Lanes::Set(step.unbias2), epsilon = Lanes::Set(step.epsilon);
  const Lanes rate = Lanes::Set(step.learning_rate), keep = Lanes::Set(step.keep);
  ForGroups(n, [&](size_t i, auto group) {
    const Lanes gradient = group(g + i);
    const Lanes first = group(m + i) * beta1 + gradient * rest1;
    const Lanes second = group(v + i) * beta2 + gradient * gradient * rest2;
    group.Store(m + i, first);
    group.Store(v + i, second);
    const Lanes divisor = Lanes::Sqrt(second) / unbias2 + epsilon;
    group.Store(value + i, group(value + i) * keep - rate * (first / divisor));
  });
}

inline double Squares(const float* x, size_t n) {
  double sums[Lanes::kWidth] = {};
  size_t i = 0;
  for (; i + Lanes::kWidth <= n; i += Lanes::kWidth) {
    for (size_t lane = 0; lane < Lanes::kWidth; ++lane) {
      const double v = static_cast<double>(x[i + lane]);
      sums[lane] += v * v;
    }
  }
  for (; i < n; ++i) sums[0] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  double sum = 0;
  for (double s : sums) sum += s;
  return sum;
}

inline constexpr TrainingKernels kTrainingKernels = {
    RmsNormBackward, LayerNormBackward, ActivationBackwardFor, RowSoftmax, RowSoftmaxAgain,
    RowSoftmaxBackward, LogSumExp, ExpScaled, Adam, Squares};

}  // namespace
}  // namespace pano::kernels
