#pragma once

#include <cstddef>
#include <cstdint>

// The sixteen lanes of lanes_generic.h as four NEON registers, with fused multiply-add.
// REQUIRES: compiled for 64-bit Arm. Anonymous namespace: see lanes_generic.h.
#if defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#define PANO_LANES

namespace pano::kernels {
namespace {

struct Lanes {
  static constexpr int kWidth = 16;
  // Lanes of a row in a tile of six rows, whose sums fill the registers.
  static constexpr int kVectorsPerTile = 1;
  float32x4_t a, b, c, d;

  static Lanes Zero() { return Set(0.0f); }
  static Lanes Set(float x) {
    const float32x4_t v = vdupq_n_f32(x);
    return {v, v, v, v};
  }
  static Lanes Load(const float* p) {
    return {vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12)};
  }
  static Lanes OfHalves(uint16x8_t lo, uint16x8_t hi) {
    const float16x8_t x = vreinterpretq_f16_u16(lo), y = vreinterpretq_f16_u16(hi);
    return {vcvt_f32_f16(vget_low_f16(x)), vcvt_high_f32_f16(x), vcvt_f32_f16(vget_low_f16(y)),
            vcvt_high_f32_f16(y)};
  }
  static Lanes LoadHalf(const uint16_t* p) { return OfHalves(vld1q_u16(p), vld1q_u16(p + 8)); }
  static float HalfToFloat(uint16_t bits) {
    return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits))), 0);
  }
  static Lanes LoadBFloat(const uint16_t* p) {
    auto to_floats = [](const uint16_t* q) {
      return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(q), 16));
    };
    return {to_floats(p), to_floats(p + 4), to_floats(p + 8), to_floats(p + 12)};
  }
  static uint32x4_t LoadPairs(const uint16_t* p) { return vreinterpretq_u32_u16(vld1q_u16(p)); }
  static Lanes LoadEvenBFloats(const uint16_t* p) {
    auto even = [](const uint16_t* q) {
      return vreinterpretq_f32_u32(vshlq_n_u32(LoadPairs(q), 16));
    };
    return {even(p), even(p + 8), even(p + 16), even(p + 24)};
  }
  static Lanes LoadOddBFloats(const uint16_t* p) {
    auto odd = [](const uint16_t* q) {
      return vreinterpretq_f32_u32(vandq_u32(LoadPairs(q), vdupq_n_u32(0xFFFF0000u)));
    };
    return {odd(p), odd(p + 8), odd(p + 16), odd(p + 24)};
  }
  static Lanes OfWords(int16x8_t lo, int16x8_t hi) {
    return {vcvtq_f32_s32(vmovl_s16(vget_low_s16(lo))), vcvtq_f32_s32(vmovl_high_s16(lo)),
            vcvtq_f32_s32(vmovl_s16(vget_low_s16(hi))), vcvtq_f32_s32(vmovl_high_s16(hi))};
  }
  static Lanes LoadInt8(const int8_t* p) {
    const int8x16_t bytes = vld1q_s8(p);
    return OfWords(vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes));
  }
  void Store(float* p) const {
    vst1q_f32(p, a);
    vst1q_f32(p + 4, b);
    vst1q_f32(p + 8, c);
    vst1q_f32(p + 12, d);
  }
  void StoreHalf(uint16_t* p) const {
    auto half = [](uint16_t* q, float32x4_t lo, float32x4_t hi) {
      vst1q_u16(q, vreinterpretq_u16_f16(vcvt_high_f16_f32(vcvt_f16_f32(lo), hi)));
    };
    half(p, a, b);
    half(p + 8, c, d);
  }

  template <typename F>
  static Lanes Each(const Lanes& x, const Lanes& y, F f) {
    return {f(x.a, y.a), f(x.b, y.b), f(x.c, y.c), f(x.d, y.d)};
  }
  friend Lanes operator+(Lanes x, Lanes y) {
    return Each(x, y, [](float32x4_t p, float32x4_t q) { return vaddq_f32(p, q); });
  }
  friend Lanes operator-(Lanes x, Lanes y) {
    return Each(x, y, [](float32x4_t p, float32x4_t q) { return vsubq_f32(p, q); });
  }
  friend Lanes operator*(Lanes x, Lanes y) {
    return Each(x, y, [](float32x4_t p, float32x4_t q) { return vmulq_f32(p, q); });
  }
  friend Lanes operator/(Lanes x, Lanes y) {
    return Each(x, y, [](float32x4_t p, float32x4_t q) { return vdivq_f32(p, q); });
  }
  static Lanes MulAdd(Lanes x, Lanes y, Lanes z) {
    return {vfmaq_f32(z.a, x.a, y.a), vfmaq_f32(z.b, x.b, y.b), vfmaq_f32(z.c, x.c, y.c),
            vfmaq_f32(z.d, x.d, y.d)};
  }
  static Lanes Sqrt(Lanes x) {
    return {vsqrtq_f32(x.a), vsqrtq_f32(x.b), vsqrtq_f32(x.c), vsqrtq_f32(x.d)};
  }
  // The second operand where one is a NaN: fmin and fmax would do otherwise.
  static Lanes Min(Lanes x, Lanes y) {
    return Each(x, y,
                [](float32x4_t p, float32x4_t q) { return vbslq_f32(vcltq_f32(p, q), p, q); });
  }
  static Lanes Max(Lanes x, Lanes y) {
    return Each(x, y,
                [](float32x4_t p, float32x4_t q) { return vbslq_f32(vcgtq_f32(p, q), p, q); });
  }
  static Lanes Round(Lanes x) {
    return {vrndnq_f32(x.a), vrndnq_f32(x.b), vrndnq_f32(x.c), vrndnq_f32(x.d)};
  }
  static Lanes ScaleByPowerOfTwo(Lanes x, Lanes n) {
    return Each(x, n, [](float32x4_t p, float32x4_t q) {  // a NaN of n counts as 0
      const int32x4_t biased = vaddq_s32(vcvtnq_s32_f32(q), vdupq_n_s32(127));
      return vmulq_f32(p, vreinterpretq_f32_s32(vshlq_n_s32(biased, 23)));
    });
  }
  float Sum() const {
    const float32x4_t four = vaddq_f32(vaddq_f32(a, c), vaddq_f32(b, d));
    return vpadds_f32(vadd_f32(vget_low_f32(four), vget_high_f32(four)));
  }
  float MaxLane() const {  // of the lanes that are numbers
    return vmaxnmvq_f32(vmaxnmq_f32(vmaxnmq_f32(a, b), vmaxnmq_f32(c, d)));
  }
};

// As in lanes_generic.h: four blocks of four by four.
inline void TransposeEight(const float* in, size_t in_stride, float* out, size_t out_stride) {
  auto twos = [](float32x4_t x) { return vreinterpretq_f64_f32(x); };
  auto store = [](float* p, float64x2_t x) { vst1q_f32(p, vreinterpretq_f32_f64(x)); };
  for (size_t i = 0; i < 8; i += 4) {
    for (size_t j = 0; j < 8; j += 4) {
      float32x4_t r[4];
      for (size_t l = 0; l < 4; ++l) r[l] = vld1q_f32(in + (i + l) * in_stride + j);
      const float64x2_t even[2] = {twos(vtrn1q_f32(r[0], r[1])), twos(vtrn1q_f32(r[2], r[3]))};
      const float64x2_t odd[2] = {twos(vtrn2q_f32(r[0], r[1])), twos(vtrn2q_f32(r[2], r[3]))};
      float* to = out + j * out_stride + i;
      store(to, vtrn1q_f64(even[0], even[1]));
      store(to + out_stride, vtrn1q_f64(odd[0], odd[1]));
      store(to + 2 * out_stride, vtrn2q_f64(even[0], even[1]));
      store(to + 3 * out_stride, vtrn2q_f64(odd[0], odd[1]));
    }
  }
}

}  // namespace
}  // namespace pano::kernels
#endif
