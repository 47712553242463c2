#pragma once

#include <cstddef>

// TransposeEight of lanes_generic.h on AVX's registers. Anonymous namespace: see there.
#if defined(__AVX2__)
#include <immintrin.h>

namespace pano::kernels {
namespace {

inline void TransposeEight(const float* in, size_t in_stride, float* out, size_t out_stride) {
  __m256 r[8], s[8];
  for (size_t i = 0; i < 8; ++i) r[i] = _mm256_loadu_ps(in + i * in_stride);
  for (size_t i = 0; i < 8; i += 2) {  // pairs of rows
    s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  for (size_t i = 0; i < 8; i += 4) {  // fours
    r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xEE);
    r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xEE);
  }
  for (size_t i = 0; i < 4; ++i) {
    _mm256_storeu_ps(out + i * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    _mm256_storeu_ps(out + (i + 4) * out_stride, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

}  // namespace
}  // namespace pano::kernels
#endif
