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
// The largest magnitude of what was added, and whether a NaN was.
struct Magnitudes {
  __m256 top = _mm256_setzero_ps(), nan = _mm256_setzero_ps();

  void Add(__m256 v) {
    top = _mm256_max_ps(top, _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v));
    nan = _mm256_or_ps(nan, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  }
  BlockScale Scale(float max_code) const {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(top), _mm256_extractf128_ps(top, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    m = _mm_max_ss(m, _mm_movehdup_ps(m));
    if (_mm256_movemask_ps(nan) != 0) return {__builtin_nanf(""), 0.0f};
    const float largest = _mm_cvtss_f32(m);
    if (largest < 1e-30f) return {0.0f, 0.0f};
    return {largest / max_code, max_code / largest};
  }
};

// Thirty-two numbers times `inverse` as signed bytes.
inline __m256i Codes(const float* p, float inverse) {
  const __m256 by = _mm256_set1_ps(inverse);
  __m256i q[4];
  for (int i = 0; i < 4; ++i) {
    q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(p + 8 * i), by));
  }
  const __m256i bytes =
      _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

template <ActivationCode kCode>
void QuantiseAvx2(const QuantiseArgs& a, size_t row_begin, size_t row_end) {
  const size_t blocks = a.k / tensor::kPackedBlock;
  for (size_t at = row_begin * blocks; at < row_end * blocks; ++at) {
    const float* p = a.x + at * tensor::kPackedBlock;
    Magnitudes magnitudes;
    for (size_t i = 0; i < tensor::kPackedBlock; i += 8) magnitudes.Add(_mm256_loadu_ps(p + i));
    const BlockScale s = magnitudes.Scale(kCode == ActivationCode::kUint7 ? 64.0f : 127.0f);
    a.scales[at] = s.scale;
    __m256i bytes = Codes(p, s.inverse);
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

// A scale a row, and kZero added.
template <int kZero>
void QuantiseRowsAvx2(const QuantiseArgs& a, size_t row_begin, size_t row_end) {
  for (size_t row = row_begin; row < row_end; ++row) {
    const float* p = a.x + row * a.k;
    Magnitudes magnitudes;
    for (size_t k = 0; k < a.k; k += 8) magnitudes.Add(_mm256_loadu_ps(p + k));
    const BlockScale s = magnitudes.Scale(127.0f);
    a.scales[row] = s.scale;
    for (size_t k = 0; k < a.k; k += tensor::kPackedBlock) {
      const __m256i bytes = _mm256_add_epi8(Codes(p + k, s.inverse),
                                            _mm256_set1_epi8(static_cast<char>(kZero)));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(a.codes + row * a.k + k), bytes);
    }
  }
}

template <int kRowZero>
inline constexpr QuantiseFn kQuantiseAvx2[kQuantisedCodes] = {  // by ActivationCode
    QuantiseAvx2<ActivationCode::kUint7>, QuantiseAvx2<ActivationCode::kInt8>,
    QuantiseRowsAvx2<kRowZero>};

}  // namespace
}  // namespace pano::kernels
#endif
