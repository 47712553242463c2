#pragma once

#include <cstring>

#include "model/kernels/attention/attention.h"
#include "model/tensor/half.h"

#include "model/kernels/simd/lanes.h"
#include "model/kernels/simd/exp.h"

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

// scores[0, length) become exponentials of their distance to the largest; returns their sum.
inline float SoftmaxWeights(float* scores, size_t length) {
  const size_t padded = (length + Lanes::kWidth - 1) / Lanes::kWidth * Lanes::kWidth;
  // Pads must not change the maximum; their weight is set to zero below.
  for (size_t t = length; t < padded; ++t) scores[t] = scores[0];
  Lanes top = Lanes::Load(scores);
  for (size_t t = 0; t < padded; t += Lanes::kWidth) top = Lanes::Max(Lanes::Load(scores + t), top);
  const Lanes max = Lanes::Set(top.MaxLane());
  for (size_t t = 0; t < padded; t += Lanes::kWidth) {
    Exp(Lanes::Load(scores + t) - max).Store(scores + t);
  }
  for (size_t t = length; t < padded; ++t) scores[t] = 0.0f;
  Lanes sum = Lanes::Zero();
  for (size_t t = 0; t < padded; t += Lanes::kWidth) sum = sum + Lanes::Load(scores + t);
  return sum.Sum();
}

// out[0, kWide * 16) of one head: kWide groups of lanes at once, all positions in order.
template <typename Kv, size_t kWide>
void WeighValues(const AttentionArgs& a, const float* weights, size_t d, float inverse, float* out) {
  Lanes acc[kWide];
  for (Lanes& lane : acc) lane = Lanes::Zero();
  const auto length = static_cast<size_t>(a.length);
  for (size_t begin = 0, block = 0; begin < length; begin += a.block_tokens, ++block) {
    const auto* v = reinterpret_cast<const typename Kv::Element*>(
        a.values + static_cast<size_t>(a.table[block]) * a.block_stride);
    const size_t count = Smaller(a.block_tokens, length - begin);
    for (size_t t = 0; t < count; ++t) {
      const Lanes weight = Lanes::Set(weights[begin + t]);
      for (size_t i = 0; i < kWide; ++i) {
        const size_t at = d + i * Lanes::kWidth;
        acc[i] = Lanes::MulAdd(weight, LoadKv<Kv>(v + t * a.head_dim + at, a.head_dim - at), acc[i]);
      }
    }
  }
  for (size_t i = 0; i < kWide; ++i) {
    float part[Lanes::kWidth];
    (acc[i] * Lanes::Set(inverse)).Store(part);
    const size_t at = d + i * Lanes::kWidth;
    std::memcpy(out + at, part, Smaller(Lanes::kWidth, a.head_dim - at) * sizeof(float));
  }
}

template <typename Kv>
void Attention(const AttentionArgs& a) {
  const auto length = static_cast<size_t>(a.length);
  const size_t padded = (length + Lanes::kWidth - 1) / Lanes::kWidth * Lanes::kWidth;
  for (size_t begin = 0, block = 0; begin < length; begin += a.block_tokens, ++block) {
    const auto* k = reinterpret_cast<const typename Kv::Element*>(
        a.keys + static_cast<size_t>(a.table[block]) * a.block_stride);
    const size_t count = Smaller(a.block_tokens, length - begin);
    for (size_t t = 0; t < count; ++t) {
      for (size_t g = 0; g < a.group; ++g) {
        a.scores[g * padded + begin + t] =
            a.scale * Dot<Kv>(a.q + g * a.head_dim, k + t * a.head_dim, a.head_dim);
      }
    }
  }
  for (size_t g = 0; g < a.group; ++g) {
    float* weights = a.scores + g * padded;
    const float inverse = 1.0f / SoftmaxWeights(weights, length);
    float* out = a.out + g * a.head_dim;
    size_t d = 0;
    for (; d + 4 * Lanes::kWidth <= a.head_dim; d += 4 * Lanes::kWidth) {
      WeighValues<Kv, 4>(a, weights, d, inverse, out);
    }
    for (; d < a.head_dim; d += Lanes::kWidth) WeighValues<Kv, 1>(a, weights, d, inverse, out);
  }
}

inline AttentionFn AttentionFor(bool half) { return half ? Attention<KvF16> : Attention<KvF32>; }

}  // namespace
}  // namespace pano::kernels
