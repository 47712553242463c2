#pragma once

#include "model/kernels/limits/limits.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

inline float FloatPeak(int64_t rounds) {
  Lanes acc[kPeakChains];
  for (int i = 0; i < kPeakChains; ++i) acc[i] = Lanes::Set(static_cast<float>(i));
  Lanes a = Lanes::Set(0.999f), b = Lanes::Set(0.001f);
  for (int64_t r = 0; r < rounds; ++r) {
    for (Lanes& lane : acc) lane = Lanes::MulAdd(lane, a, b);
  }
  Lanes sum = Lanes::Zero();
  for (Lanes& lane : acc) sum = sum + lane;
  return sum.Sum();
}

#if defined(__AVX2__)
inline int32_t Int8Peak(int64_t rounds) {
  __m256i acc[kPeakChains];
  for (__m256i& lane : acc) lane = _mm256_setzero_si256();
  const __m256i ones = _mm256_set1_epi16(1), a = _mm256_set1_epi8(3);
  __m256i b = _mm256_set1_epi8(5);
  for (int64_t r = 0; r < rounds; ++r) {
    for (__m256i& lane : acc) {
      // The operand changes every time, or the compiler would hoist the products out of the loop.
      __asm__ volatile("" : "+x"(b));
      lane = _mm256_add_epi32(lane, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), ones));
    }
  }
  int32_t sum = 0;
  for (__m256i& lane : acc) sum += _mm256_extract_epi32(lane, 0);
  return sum;
}
#else
inline int32_t Int8Peak(int64_t rounds) {
  int32_t acc[kPeakChains][32] = {};
  volatile int8_t source = 5;
  for (int64_t r = 0; r < rounds; ++r) {
    const int8_t b = source;
    for (auto& chain : acc) {
      for (int32_t& lane : chain) lane = (lane + int32_t{3} * b) & 0xFFFFFF;
    }
  }
  int32_t sum = 0;
  for (auto& chain : acc) sum += chain[0];
  return sum;
}
#endif

}  // namespace
}  // namespace pano::kernels
