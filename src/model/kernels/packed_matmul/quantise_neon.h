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
      // To the nearest, even among two; NaN gives 0.
      auto words = [&](size_t i) {
        return vreinterpretq_s16_s32(vcvtnq_s32_f32(vmulq_n_f32(x[half * 4 + i], inverse)));
      };
      bytes[half] = vuzp1q_s8(vreinterpretq_s8_s16(vuzp1q_s16(words(0), words(1))),
                              vreinterpretq_s8_s16(vuzp1q_s16(words(2), words(3))));
      vst1q_s8(reinterpret_cast<int8_t*>(a.codes) + at * tensor::kPackedBlock + 16 * half,
               bytes[half]);
    }
    if constexpr (kCode == ActivationCode::kInt8) {
      const int first = vaddlvq_s8(bytes[0]), second = vaddlvq_s8(bytes[1]);
      a.sums[at] = static_cast<uint32_t>(first & 0xFFFF) | static_cast<uint32_t>(second) << 16;
    }
  }
}

inline constexpr QuantiseFn kQuantiseNeon[2] = {  // by ActivationCode
    QuantiseNeon<ActivationCode::kUint7>, QuantiseNeon<ActivationCode::kInt8>};

}  // namespace
}  // namespace pano::kernels
#endif
