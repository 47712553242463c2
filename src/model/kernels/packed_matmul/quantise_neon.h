#pragma once

// Quantisation of activations on NEON, for all of Arm's sets: seven-bit codes are signed too.
// REQUIRES: compiled for 64-bit Arm. Anonymous namespace: no symbol may stand in for one of another
// instruction set.
#if defined(__ARM_NEON) && defined(__aarch64__)

#include <arm_neon.h>

#include "model/kernels/packed_matmul/packed_matmul.h"

namespace pano::kernels {
namespace {

inline constexpr size_t kFours = tensor::kPackedBlock / 4;

// The largest magnitude, NaN where one is.
inline float MaxMagnitude(const float32x4_t (&x)[kFours]) {
  float32x4_t top = vabsq_f32(x[0]);
  for (size_t i = 1; i < kFours; ++i) top = vmaxq_f32(top, vabsq_f32(x[i]));
  const float largest = vmaxvq_f32(top);
  return largest == largest ? largest : __builtin_nanf("");
}

// Sixteen numbers times `inverse`, to the nearest integer, even among two; NaN gives 0.
inline int8x16_t SixteenCodes(const float32x4_t* x, float inverse) {
  auto words = [&](size_t i) {
    return vreinterpretq_s16_s32(vcvtnq_s32_f32(vmulq_n_f32(x[i], inverse)));
  };
  return vuzp1q_s8(vreinterpretq_s8_s16(vuzp1q_s16(words(0), words(1))),
                   vreinterpretq_s8_s16(vuzp1q_s16(words(2), words(3))));
}

template <ActivationCode kCode>
void QuantiseNeon(const QuantiseArgs& a, size_t row_begin, size_t row_end) {
  constexpr float kMaxCode = kCode == ActivationCode::kUint7 ? 64.0f : 127.0f;
  const size_t blocks = a.k / tensor::kPackedBlock;
  for (size_t at = row_begin * blocks; at < row_end * blocks; ++at) {
    float32x4_t x[kFours];
    for (size_t i = 0; i < kFours; ++i) x[i] = vld1q_f32(a.x + at * tensor::kPackedBlock + 4 * i);
    const float top = MaxMagnitude(x);
    const bool zero = top < 1e-30f;
    a.scales[at] = zero ? 0.0f : top / kMaxCode;
    const float inverse = zero ? 0.0f : kMaxCode / top;
    int8x16_t bytes[2];
    for (size_t half = 0; half < 2; ++half) {
      bytes[half] = SixteenCodes(x + half * 4, inverse);
      vst1q_s8(reinterpret_cast<int8_t*>(a.codes) + at * tensor::kPackedBlock + 16 * half,
               bytes[half]);
    }
    if constexpr (kCode == ActivationCode::kInt8) {
      const int first = vaddlvq_s8(bytes[0]), second = vaddlvq_s8(bytes[1]);
      a.sums[at] = static_cast<uint32_t>(first & 0xFFFF) | static_cast<uint32_t>(second) << 16;
    }
  }
}

// Thirty-two floats.
struct BlockOfFloats {
  float32x4_t v[kFours];
  explicit BlockOfFloats(const float* p) {
    for (size_t i = 0; i < kFours; ++i) v[i] = vld1q_f32(p + 4 * i);
  }
};

// A scale a row. vmaxq_f32 gives NaN where one operand is.
inline void QuantiseRowsNeon(const QuantiseArgs& a, size_t row_begin, size_t row_end) {
  constexpr size_t kBlock = tensor::kPackedBlock;
  for (size_t row = row_begin; row < row_end; ++row) {
    const float* p = a.x + row * a.k;
    float32x4_t tops = vdupq_n_f32(0.0f);
    for (size_t k = 0; k < a.k; k += 4) tops = vmaxq_f32(tops, vabsq_f32(vld1q_f32(p + k)));
    const float largest = vmaxvq_f32(tops);
    const float top = largest == largest ? largest : __builtin_nanf("");
    const bool zero = top < 1e-30f;
    a.scales[row] = zero ? 0.0f : top / 127.0f;
    const float inverse = zero ? 0.0f : 127.0f / top;
    auto* codes = reinterpret_cast<int8_t*>(a.codes) + row * a.k;
    for (size_t k = 0; k < a.k; k += kBlock) {
      const BlockOfFloats x(p + k);
      for (size_t half = 0; half < 2; ++half) {
        vst1q_s8(codes + k + 16 * half, SixteenCodes(x.v + half * 4, inverse));
      }
    }
  }
}

inline constexpr QuantiseFn kQuantiseNeon[kQuantisedCodes] = {  // by ActivationCode
    QuantiseNeon<ActivationCode::kUint7>, QuantiseNeon<ActivationCode::kInt8>, QuantiseRowsNeon};

}  // namespace
}  // namespace pano::kernels
#endif
