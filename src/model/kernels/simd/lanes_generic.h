#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/tensor/half.h"

// Sixteen float lanes, the width of every reduction's order contract, in plain C++. Included by
// exactly one file per kernel and ISA; all in an anonymous namespace, so that no symbol compiled
// with one instruction set can stand in for another's.
#define PANO_LANES

namespace pano::kernels {
namespace {

struct Lanes {
  static constexpr int kWidth = 16;
  // Lanes of a row in a tile of six rows.
  static constexpr int kVectorsPerTile = 1;
  float v[kWidth];

  static Lanes Zero() { return Set(0.0f); }
  static Lanes Set(float x) {
    Lanes r;
    for (float& lane : r.v) lane = x;
    return r;
  }
  static Lanes Load(const float* p) {
    Lanes r;
    std::memcpy(r.v, p, sizeof r.v);
    return r;
  }
  static Lanes LoadHalf(const uint16_t* p) {
    Lanes r;
    for (int i = 0; i < kWidth; ++i) r.v[i] = tensor::HalfToFloat(p[i]);
    return r;
  }
  static float HalfToFloat(uint16_t bits) { return tensor::HalfToFloat(bits); }
  static Lanes LoadBFloat(const uint16_t* p) {
    Lanes r;
    for (int i = 0; i < kWidth; ++i) r.v[i] = tensor::BFloatToFloat(p[i]);
    return r;
  }
  // Of sixteen pairs, the first or the second of each.
  static Lanes LoadEvenBFloats(const uint16_t* p) {
    Lanes r;
    for (int i = 0; i < kWidth; ++i) r.v[i] = tensor::BFloatToFloat(p[2 * i]);
    return r;
  }
  static Lanes LoadOddBFloats(const uint16_t* p) { return LoadEvenBFloats(p + 1); }
  static Lanes LoadInt8(const int8_t* p) {
    Lanes r;
    for (int i = 0; i < kWidth; ++i) r.v[i] = static_cast<float>(p[i]);
    return r;
  }
  void Store(float* p) const { std::memcpy(p, v, sizeof v); }
  void StoreHalf(uint16_t* p) const {
    for (int i = 0; i < kWidth; ++i) p[i] = tensor::FloatToHalf(v[i]);
  }

  friend Lanes operator+(Lanes a, Lanes b) {
    for (int i = 0; i < kWidth; ++i) a.v[i] += b.v[i];
    return a;
  }
  friend Lanes operator-(Lanes a, Lanes b) {
    for (int i = 0; i < kWidth; ++i) a.v[i] -= b.v[i];
    return a;
  }
  friend Lanes operator*(Lanes a, Lanes b) {
    for (int i = 0; i < kWidth; ++i) a.v[i] *= b.v[i];
    return a;
  }
  friend Lanes operator/(Lanes a, Lanes b) {
    for (int i = 0; i < kWidth; ++i) a.v[i] /= b.v[i];
    return a;
  }
  // a * b + c; fused where the machine has it.
  static Lanes MulAdd(Lanes a, Lanes b, Lanes c) { return a * b + c; }
  static Lanes Sqrt(Lanes a) {
    for (float& lane : a.v) lane = __builtin_sqrtf(lane);
    return a;
  }
  static Lanes Min(Lanes a, Lanes b) {
    for (int i = 0; i < kWidth; ++i) a.v[i] = a.v[i] < b.v[i] ? a.v[i] : b.v[i];
    return a;
  }
  static Lanes Max(Lanes a, Lanes b) {
    for (int i = 0; i < kWidth; ++i) a.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
    return a;
  }
  static Lanes Round(Lanes a) {
    for (float& lane : a.v) lane = __builtin_nearbyintf(lane);
    return a;
  }
  // x * 2^n for whole n in [-126, 127].
  static Lanes ScaleByPowerOfTwo(Lanes x, Lanes n) {
    for (int i = 0; i < kWidth; ++i) {
      const float power = n.v[i] == n.v[i] ? n.v[i] : 0.0f;  // NaN: x is NaN already
      auto bits = static_cast<uint32_t>(static_cast<int32_t>(power) + 127) << 23;
      x.v[i] *= __builtin_bit_cast(float, bits);
    }
    return x;
  }
  // The fixed tree: halves onto halves, 16 to 8 to 4 to 2 to 1.
  float Sum() const {
    float t[8];
    for (int i = 0; i < 8; ++i) t[i] = v[i] + v[i + 8];
    for (int i = 0; i < 4; ++i) t[i] += t[i + 4];
    return (t[0] + t[2]) + (t[1] + t[3]);
  }
  float MaxLane() const {
    float m = v[0];
    for (float lane : v) m = lane > m ? lane : m;
    return m;
  }
};

// out[j][i] = in[i][j] for eight rows of eight, which lie so many floats apart.
inline void TransposeEight(const float* in, size_t in_stride, float* out, size_t out_stride) {
  for (size_t i = 0; i < 8; ++i) {
    for (size_t j = 0; j < 8; ++j) out[j * out_stride + i] = in[i * in_stride + j];
  }
}

}  // namespace
}  // namespace pano::kernels
