#pragma once

// Quantisation of activations on AVX2, for all sets that build on it.
// REQUIRES: compiled with -mavx2. Anonymous namespace: no symbol may stand in for one of another
// instruction set.
#if defined(__AVX2__)

#include <immintrin.h>

#include "model/kernels/packed_matmul/packed_matmul.h"

namespace pano::kernels {
namespace {

struct BlockScale {
  float scale, inverse;
};
template <ActivationCode kCode>
BlockScale ScaleOf(const __m256 (&x)[4]) {
  constexpr float kMaxCode = kCode == ActivationCode::kUint7 ? 64.0f : 127.0f;
  const __m256 sign = _mm256_set1_ps(-0.0f);
  __m256 top = _mm256_setzero_ps(), nan = _mm256_setzero_ps();
  for (const __m256 v : x) {
    top = _mm256_max_ps(top, _mm256_andnot_ps(sign, v));
    nan = _mm256_or_ps(nan, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  }
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  m = _mm_max_ss(m, _mm_movehdup_ps(m));
  if (_mm256_movemask_ps(nan) != 0) return {__builtin_nanf(""), 0.0f};
  const float largest = _mm_cvtss_f32(m);
  if (largest < 1e-30f) return {0.0f, 0.0f};
  return {largest / kMaxCode, kMaxCode / largest};
}

template <ActivationCode kCode>
void QuantiseAvx2(const QuantiseArgs& a, size_t row_begin, size_t row_end) {
  const size_t blocks = a.k / tensor::kPackedBlock;
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  for (size_t at = row_begin * blocks; at < row_end * blocks; ++at) {
    const float* p = a.x + at * tensor::kPackedBlock;
    const __m256 x[4] = {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8), _mm256_loadu_ps(p + 16),
                         _mm256_loadu_ps(p + 24)};
    const BlockScale s = ScaleOf<kCode>(x);
    a.scales[at] = s.scale;
    const __m256 inverse = _mm256_set1_ps(s.inverse);
    __m256i q[4];
    for (int i = 0; i < 4; ++i) q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(x[i], inverse));
    __m256i bytes =
        _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    bytes = _mm256_permutevar8x32_epi32(bytes, order);
    if constexpr (kCode == ActivationCode::kUint7) {
      bytes = _mm256_add_epi8(bytes, _mm256_set1_epi8(64));
    } else {
      const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), bytes);
      const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
      const __m256i eights = _mm256_hadd_epi32(fours, fours);
      const __m256i all = _mm256_hadd_epi32(eights, eights);
      const int first = _mm256_extract_epi32(all, 0), second = _mm256_extract_epi32(all, 4);
      a.sums[at] = static_cast<uint32_t>(first & 0xFFFF) | static_cast<uint32_t>(second) << 16;
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(a.codes + at * tensor::kPackedBlock), bytes);
  }
}

inline constexpr QuantiseFn kQuantiseAvx2[2] = {  // by ActivationCode
    QuantiseAvx2<ActivationCode::kUint7>, QuantiseAvx2<ActivationCode::kInt8>};

}  // namespace
}  // namespace pano::kernels
#endif
