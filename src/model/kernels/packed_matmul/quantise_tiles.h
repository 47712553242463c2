#pragma once

// Activations for a tile unit on AVX-512, into tiles (packed_matmul.h). REQUIRES: compiled with
// -mavx512f -mavx512bw -mavx512vl -mavx512bf16. Anonymous namespace: no symbol may stand in for one
// of another instruction set.
#if defined(__AVX512BF16__) && defined(__AVX512BW__) && defined(__AVX512VL__)

#include <immintrin.h>

#include "model/kernels/packed_matmul/packed_matmul.h"

namespace pano::kernels {
namespace {

// The largest magnitude of k numbers, a multiple of 32; NaN where one is. As integers, magnitudes
// of floats have the same order, and every NaN is above infinity.
inline float MaxMagnitudeAvx512(const float* x, size_t k) {
  const __m512i magnitude = _mm512_set1_epi32(0x7FFFFFFF);
  __m512i top[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
  for (size_t i = 0; i < k; i += 32) {
    for (size_t j = 0; j < 2; ++j) {
      const __m512i v = _mm512_castps_si512(_mm512_loadu_ps(x + i + 16 * j));
      top[j] = _mm512_max_epi32(top[j], _mm512_and_si512(v, magnitude));
    }
  }
  const int32_t bits = _mm512_reduce_max_epi32(_mm512_max_epi32(top[0], top[1]));
  float largest;
  __builtin_memcpy(&largest, &bits, sizeof largest);
  return largest;
}

// Signed bytes with a scale a row.
inline void QuantiseRowsIntoTiles(const QuantiseArgs& a, size_t row_begin, size_t row_end) {
  const size_t row_bytes = TiledRowBytes(a.k);
  for (size_t row = row_begin; row < row_end; ++row) {
    const float* x = a.x + row * a.k;
    const float top = MaxMagnitudeAvx512(x, a.k);
    const bool zero = top < 1e-30f;
    a.scales[row] = zero ? 0.0f : top / 127.0f;
    const __m512 inverse = _mm512_set1_ps(zero || top != top ? 0.0f : 127.0f / top);
    for (size_t k = 0; k < row_bytes; k += kTileRowBytes) {
      auto* to = reinterpret_cast<__m128i*>(a.TileRow(row, k / kTileRowBytes, row_bytes));
      for (size_t i = 0; i < kTileRowBytes; i += 16, ++to) {
        const __m512i q = k + i < a.k ? _mm512_cvtps_epi32(
                                            _mm512_mul_ps(_mm512_loadu_ps(x + k + i), inverse))
                                      : _mm512_setzero_si512();
        _mm_store_si128(to, _mm512_cvtsepi32_epi8(q));
      }
    }
  }
}

// To the nearest BF16, even among two; denormal numbers become zero.
inline void RoundIntoTiles(const QuantiseArgs& a, size_t row_begin, size_t row_end) {
  constexpr size_t kColumns = kTileRowBytes / sizeof(uint16_t);
  const size_t row_bytes = TiledRowBytes(a.k * sizeof(uint16_t));
  for (size_t row = row_begin; row < row_end; ++row) {
    const float* x = a.x + row * a.k;
    for (size_t k = 0; k < a.k; k += kColumns) {
      auto* to = reinterpret_cast<__m256i*>(a.TileRow(row, k / kColumns, row_bytes));
      for (size_t i = k; i < k + kColumns; i += 16, ++to) {
        const size_t left = i < a.k ? a.k - i : 0;
        const auto mask = static_cast<__mmask16>(left < 16 ? (1u << left) - 1 : 0xFFFFu);
        const __m256bh numbers = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, x + i));
        _mm256_store_si256(to, reinterpret_cast<const __m256i&>(numbers));
      }
    }
  }
}

}  // namespace
}  // namespace pano::kernels
#endif
