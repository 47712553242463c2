#pragma once

#include <cstring>

#include "model/kernels/attention/attention.h"
#include "model/kernels/simd/exp.h"
#include "model/kernels/simd/lanes.h"
#include "model/tensor/half.h"

namespace pano::kernels {
namespace {

inline size_t Smaller(size_t a, size_t b) { return a < b ? a : b; }

struct KvF32 {
  using Element = float;
  static Lanes Load(const float* p) { return Lanes::Load(p); }
  static float One(float x) { return x; }
};
struct KvF16 {
  using Element = uint16_t;
  static Lanes Load(const uint16_t* p) { return Lanes::LoadHalf(p); }
  static float One(uint16_t x) { return tensor::HalfToFloat(x); }
};

template <typename Kv>
Lanes LoadKv(const typename Kv::Element* p, size_t count) {
  if (count >= Lanes::kWidth) return Kv::Load(p);
  float part[Lanes::kWidth] = {};
  for (size_t i = 0; i < count; ++i) part[i] = Kv::One(p[i]);
  return Lanes::Load(part);
}

template <typename Kv>
float Dot(const float* q, const typename Kv::Element* k, size_t dim) {
  Lanes acc = Lanes::Zero();
  for (size_t d = 0; d < dim; d += Lanes::kWidth) {
    acc = Lanes::MulAdd(LoadKv<KvF32>(q + d, dim - d), LoadKv<Kv>(k + d, dim - d), acc);
  }
  return acc.Sum();
}

// s = softcap * tanh(s / softcap), in place.
inline void Softcap(float* scores, size_t padded, float softcap) {
  const Lanes cap = Lanes::Set(softcap), twice = Lanes::Set(2.0f / softcap), one = Lanes::Set(1.0f);
  for (size_t t = 0; t < padded; t += Lanes::kWidth) {
    const Lanes e = Exp(Lanes::Load(scores + t) * twice);  // tanh u = (e^2u - 1) / (e^2u + 1)
    (cap * ((e - one) / (e + one))).Store(scores + t);
  }
}

// scores[begin, end) become exponentials of their distance to the largest, the others zero; returns
// their sum. [0, padded) is written, begin < 32, end > padded - 16.
inline float SoftmaxWeights(float* scores, size_t begin, size_t end, size_t padded) {
  // Pads must not change the maximum; their weight is set to zero below.
  for (size_t t = 0; t < begin; ++t) scores[t] = scores[begin];
  for (size_t t = end; t < padded; ++t) scores[t] = scores[begin];
  Lanes top = Lanes::Load(scores);
  for (size_t t = 0; t < padded; t += Lanes::kWidth) top = Lanes::Max(Lanes::Load(scores + t), top);
  const Lanes max = Lanes::Set(top.MaxLane());
  for (size_t t = 0; t < padded; t += Lanes::kWidth) {
    Exp(Lanes::Load(scores + t) - max).Store(scores + t);
  }
  for (size_t t = 0; t < begin; ++t) scores[t] = 0.0f;
  for (size_t t = end; t < padded; ++t) scores[t] = 0.0f;
  Lanes sum = Lanes::Zero();
  for (size_t t = 0; t < padded; t += Lanes::kWidth) sum = sum + Lanes::Load(scores + t);
  return sum.Sum();
}

// The keys that a query sees, cut at blocks: [from, length) holds whole blocks but for the last.
struct Span {
  size_t from, first, length, padded;
  explicit Span(const AttentionArgs& a)
      : from(static_cast<size_t>(a.first) / a.block_tokens * a.block_tokens),
        first(static_cast<size_t>(a.first)),
        length(static_cast<size_t>(a.length)),
        padded(AttentionScores(a.first, a.length, a.block_tokens)) {}
};

// out[d, d + kWide * 16) of one head: kWide groups of lanes at once, all positions in order.
template <typename Kv, size_t kWide>
void WeighValues(const AttentionArgs& a, const Span& span, const float* weights, size_t d,
                 float inverse, float* out) {
  Lanes acc[kWide];
  for (Lanes& lane : acc) lane = Lanes::Zero();
  for (size_t begin = span.from; begin < span.length; begin += a.block_tokens) {
    const auto* v = reinterpret_cast<const typename Kv::Element*>(
        a.values + static_cast<size_t>(a.table[begin / a.block_tokens]) * a.block_stride);
    const size_t count = Smaller(a.block_tokens, span.length - begin);
    for (size_t t = begin < span.first ? span.first - begin : 0; t < count; ++t) {
      const Lanes weight = Lanes::Set(weights[begin - span.from + t]);
      for (size_t i = 0; i < kWide; ++i) {
        const size_t at = d + i * Lanes::kWidth;
        acc[i] = Lanes::MulAdd(weight, LoadKv<Kv>(v + t * a.value_stride + at, a.value_dim - at),
                               acc[i]);
      }
    }
  }
  for (size_t i = 0; i < kWide; ++i) {
    float part[Lanes::kWidth];
    (acc[i] * Lanes::Set(inverse)).Store(part);
    const size_t at = d + i * Lanes::kWidth;
    std::memcpy(out + at, part, Smaller(Lanes::kWidth, a.value_dim - at) * sizeof(float));
  }
}

template <typename Kv>
void Scores(const AttentionArgs& a, const Span& span) {
  for (size_t begin = span.from; begin < span.length; begin += a.block_tokens) {
    const auto* k = reinterpret_cast<const typename Kv::Element*>(
        a.keys + static_cast<size_t>(a.table[begin / a.block_tokens]) * a.block_stride);
    const size_t count = Smaller(a.block_tokens, span.length - begin);
    for (size_t t = begin < span.first ? span.first - begin : 0; t < count; ++t) {
      for (size_t g = 0; g < a.group; ++g) {
        a.scores[g * span.padded + begin - span.from + t] =
            a.scale * Dot<Kv>(a.q + g * a.head_dim, k + t * a.key_stride, a.head_dim);
      }
    }
  }
}

template <typename Kv>
void Attention(const AttentionArgs& a) {
  const Span span(a);
  const size_t begin = span.first - span.from, end = span.length - span.from;
  Scores<Kv>(a, span);
  for (size_t g = 0; g < a.group; ++g) {
    float* weights = a.scores + g * span.padded;
    if (a.softcap > 0) {
      for (size_t t = 0; t < begin; ++t) weights[t] = 0.0f;
      for (size_t t = end; t < span.padded; ++t) weights[t] = 0.0f;
      Softcap(weights, span.padded, a.softcap);
    }
    if (a.bias) {
      const float* bias = a.bias + g * a.bias_stride;
      const int64_t shift = static_cast<int64_t>(span.from) - a.bias_first;
      for (size_t t = begin; t < end; ++t) weights[t] += bias[static_cast<int64_t>(t) + shift];
    }
    const float inverse = 1.0f / SoftmaxWeights(weights, begin, end, span.padded);
    float* out = a.out + g * a.value_dim;
    size_t d = 0;
    for (; d + 4 * Lanes::kWidth <= a.value_dim; d += 4 * Lanes::kWidth) {
      WeighValues<Kv, 4>(a, span, weights, d, inverse, out);
    }
    for (; d < a.value_dim; d += Lanes::kWidth) {
      WeighValues<Kv, 1>(a, span, weights, d, inverse, out);
    }
  }
}

inline AttentionFn AttentionFor(bool half) { return half ? Attention<KvF16> : Attention<KvF32>; }

}  // namespace
}  // namespace pano::kernels
