#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/simd/transpose_avx.h"

// The sixteen lanes of lanes_generic.h as two AVX2 registers, with fused multiply-add.
// REQUIRES: compiled with -mavx2 -mfma -mf16c. Anonymous namespace: see lanes_generic.h.
#if defined(__AVX2__) && defined(__FMA__) && defined(__F16C__)
#include <immintrin.h>
#define PANO_LANES

namespace pano::kernels {
namespace {

struct Lanes {
  static constexpr int kWidth = 16;
  // Lanes of a row in a tile of six rows, whose sums fill the registers.
  static constexpr int kVectorsPerTile = 1;
  __m256 lo, hi;

  static Lanes Zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  static Lanes Set(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
  static Lanes Load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
  static Lanes LoadHalf(const uint16_t* p) {
    auto half = [](const uint16_t* q) {
      return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(q)));
    };
    return {half(p), half(p + 8)};
  }
  static float HalfToFloat(uint16_t bits) { return _cvtsh_ss(bits); }
  static Lanes LoadBFloat(const uint16_t* p) {
    auto to_floats = [](const uint16_t* q) {
      __m256i bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(q)));
      return _mm256_castsi256_ps(_mm256_slli_epi32(bits, 16));
    };
    return {to_floats(p), to_floats(p + 8)};
  }
  static __m256i LoadPairs(const uint16_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static Lanes LoadEvenBFloats(const uint16_t* p) {
    return {_mm256_castsi256_ps(_mm256_slli_epi32(LoadPairs(p), 16)),
            _mm256_castsi256_ps(_mm256_slli_epi32(LoadPairs(p + 16), 16))};
  }
  static Lanes LoadOddBFloats(const uint16_t* p) {
    const __m256i odd = _mm256_set1_epi32(static_cast<int>(0xFFFF0000));
    return {_mm256_castsi256_ps(_mm256_and_si256(LoadPairs(p), odd)),
            _mm256_castsi256_ps(_mm256_and_si256(LoadPairs(p + 16), odd))};
  }
  static Lanes LoadInt8(const int8_t* p) {
    auto to_floats = [](const int8_t* q) {
      __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(q));
      return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
    };
    return {to_floats(p), to_floats(p + 8)};
  }
  void Store(float* p) const {
    _mm256_storeu_ps(p, lo);
    _mm256_storeu_ps(p + 8, hi);
  }
  void StoreHalf(uint16_t* p) const {
    constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    auto half = [](uint16_t* q, __m256 x) {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(q), _mm256_cvtps_ph(x, kNearest));
    };
    half(p, lo);
    half(p + 8, hi);
  }

  friend Lanes operator+(Lanes a, Lanes b) {
    return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)};
  }
  friend Lanes operator-(Lanes a, Lanes b) {
    return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)};
  }
  friend Lanes operator*(Lanes a, Lanes b) {
    return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)};
  }
  friend Lanes operator/(Lanes a, Lanes b) {
    return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)};
  }
  static Lanes MulAdd(Lanes a, Lanes b, Lanes c) {
    return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
  }
  static Lanes Sqrt(Lanes a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
  static Lanes Min(Lanes a, Lanes b) {
    return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)};
  }
  static Lanes Max(Lanes a, Lanes b) {
    return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)};
  }
  static Lanes Round(Lanes a) {
    constexpr int kMode = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(a.lo, kMode), _mm256_round_ps(a.hi, kMode)};
  }
  static Lanes ScaleByPowerOfTwo(Lanes x, Lanes n) {
    auto scale = [](__m256 a, __m256 b) {
      __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(b), _mm256_set1_epi32(127));
      return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23)));
    };
    return {scale(x.lo, n.lo), scale(x.hi, n.hi)};
  }
  float Sum() const {
    __m256 eight = _mm256_add_ps(lo, hi);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  float MaxLane() const {
    __m256 eight = _mm256_max_ps(lo, hi);
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
  }
};

}  // namespace
}  // namespace pano::kernels
#endif
