#pragma once

#include "model/kernels/simd/lanes_neon.h"

// Sums of byte products for dot.h on NEON: both bytes are signed, so seven-bit codes of x need no
// zero; see bytes_avxvnni.h. With FEAT_DotProd one instruction does a register's four rows; without
// it products of two columns meet in sixteen bits, which hold them: at most 2 * 128 * 127.
// REQUIRES: compiled for 64-bit Arm. Anonymous namespace: see lanes_generic.h.
#if defined(__ARM_NEON) && defined(__aarch64__)
#define PANO_BYTE_SUMS

#include <cstring>

namespace pano::kernels {
namespace {

// What is added to codes of x of seven bits, and to those with a scale a row.
inline constexpr int kUint7ZeroPoint = 0, kRowZeroPoint = 0;

// Four columns of sixteen rows: byte 4 row + column.
struct ByteWeights {
  uint8x16_t a, b, c, d;

  static ByteWeights Load(const uint8_t* p) {
    return {vld1q_u8(p), vld1q_u8(p + 16), vld1q_u8(p + 32), vld1q_u8(p + 48)};
  }
  ByteWeights LowNibbles() const {
    const uint8x16_t mask = vdupq_n_u8(15);
    return {vandq_u8(a, mask), vandq_u8(b, mask), vandq_u8(c, mask), vandq_u8(d, mask)};
  }
  ByteWeights HighNibbles() const {
    return {vshrq_n_u8(a, 4), vshrq_n_u8(b, 4), vshrq_n_u8(c, 4), vshrq_n_u8(d, 4)};
  }
  // values[code], of sixteen values that repeat every sixteen bytes.
  ByteWeights Lookup(const ByteWeights& values) const {
    const uint8x16_t table = values.a;
    return {vqtbl1q_u8(table, a), vqtbl1q_u8(table, b), vqtbl1q_u8(table, c), vqtbl1q_u8(table, d)};
  }
  // Bits 4 and 5 from bits 2j and 2j + 1 of `pairs`.
  ByteWeights WithUpperBits(const ByteWeights& pairs, size_t j) const {
    const int8x16_t left = vdupq_n_s8(static_cast<int8_t>(4 - 2 * static_cast<int>(j)));
    auto with = [left](uint8x16_t low, uint8x16_t bits) {
      return vorrq_u8(low, vandq_u8(vshlq_u8(bits, left), vdupq_n_u8(0x30)));
    };
    return {with(a, pairs.a), with(b, pairs.b), with(c, pairs.c), with(d, pairs.d)};
  }
};

// first * the low half of `sums` + second * the high half, both signed.
inline int32_t FromCodeSums(uint32_t sums, int first, int second) {
  return first * static_cast<int16_t>(sums) + second * static_cast<int16_t>(sums >> 16);
}

struct ByteSums {
  static constexpr int kTileRows = 6, kTilePanels = 1;
  int32x4_t a, b, c, d;

  static ByteSums Set(int32_t x) {
    const int32x4_t v = vdupq_n_s32(x);
    return {v, v, v, v};
  }
  static ByteSums Load(const int32_t* p) {
    return {vld1q_s32(p), vld1q_s32(p + 4), vld1q_s32(p + 8), vld1q_s32(p + 12)};
  }
  void Store(int32_t* p) const {
    vst1q_s32(p, a);
    vst1q_s32(p + 4, b);
    vst1q_s32(p + 8, c);
    vst1q_s32(p + 12, d);
  }
  static ByteSums FromCodeSums(uint32_t sums, int first, int second) {
    return Set(kernels::FromCodeSums(sums, first, second));
  }
  static int32x4_t Dot(int32x4_t sums, uint8x16_t weights, int8x16_t x) {
    const int8x16_t w = vreinterpretq_s8_u8(weights);
#if defined(__ARM_FEATURE_DOTPROD)
    return vdotq_s32(sums, w, x);
#else
    const int16x8_t lo = vmull_s8(vget_low_s8(w), vget_low_s8(x)), hi = vmull_high_s8(w, x);
    return vpadalq_s16(sums, vpaddq_s16(lo, hi));
#endif
  }
  // Weights by four codes of x.
  void Add(const ByteWeights& w, const uint8_t* x) {
    int32_t bytes;
    std::memcpy(&bytes, x, 4);
    const int8x16_t four = vreinterpretq_s8_s32(vdupq_n_s32(bytes));
    a = Dot(a, w.a, four);
    b = Dot(b, w.b, four);
    c = Dot(c, w.c, four);
    d = Dot(d, w.d, four);
  }
  void AddSignedWeights(const ByteWeights& w, const uint8_t* x) { Add(w, x); }
  void AddUnsignedWeights(const ByteWeights& w, const uint8_t* x) { Add(w, x); }
  template <int kZero>
  void AddZeroPoint(const ByteWeights&) {}
  friend ByteSums operator-(const ByteSums& x, const ByteSums& y) {
    return {vsubq_s32(x.a, y.a), vsubq_s32(x.b, y.b), vsubq_s32(x.c, y.c), vsubq_s32(x.d, y.d)};
  }
  Lanes ToFloat() const {
    return {vcvtq_f32_s32(a), vcvtq_f32_s32(b), vcvtq_f32_s32(c), vcvtq_f32_s32(d)};
  }
  // Keeps additions in order: see bytes_avxvnni.h. Nor may loads run ahead of the registers.
  void Pin() { __asm__ volatile("" : "+w"(a), "+w"(b), "+w"(c), "+w"(d) : : "memory"); }
};

inline Lanes BytesToFloats(const uint8_t* p) {
  const uint8x16_t bytes = vld1q_u8(p);
  return Lanes::OfWords(vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(bytes))),
                        vreinterpretq_s16_u16(vmovl_high_u8(bytes)));
}

// Scale bytes of Q4G (tensor/packed.h) as four times their value: a byte is the upper bits of a
// half.
inline Lanes Q4GScales(const uint8_t* p) {
  const int8x16_t bytes = vreinterpretq_s8_u8(vld1q_u8(p));
  auto half = [](int16x8_t wide) {
    return vandq_u16(vreinterpretq_u16_s16(vshlq_n_s16(wide, 7)), vdupq_n_u16(0xBF80));
  };
  return Lanes::OfHalves(half(vmovl_s8(vget_low_s8(bytes))), half(vmovl_high_s8(bytes)));
}

}  // namespace
}  // namespace pano::kernels
#endif
