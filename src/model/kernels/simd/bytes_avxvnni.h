#pragma once

#include <cstring>

#include "model/kernels/simd/lanes_avx2.h"

// Sums of byte products for dot.h on AVX-VNNI: vpdpbusd multiplies unsigned by signed bytes, adds
// four neighbouring products to a 32-bit sum and is exact. Sixteen sums are two registers.
// REQUIRES: compiled with -mavx2 -mfma -mf16c -mavxvnni. Anonymous namespace: see lanes_generic.h.
#if defined(__AVXVNNI__) && defined(__AVX2__)
#include <immintrin.h>
#define PANO_BYTE_SUMS

namespace pano::kernels {
namespace {

// What is added to codes of x of seven bits, and to those with a scale a row.
inline constexpr int kUint7ZeroPoint = 64, kRowZeroPoint = 128;

// Four columns of sixteen rows: byte 4 row + column.
struct ByteWeights {
  __m256i lo, hi;

  static ByteWeights Load(const uint8_t* p) {  // aligned to 32
    const auto* v = reinterpret_cast<const __m256i*>(p);
    return {_mm256_load_si256(v), _mm256_load_si256(v + 1)};
  }
  ByteWeights And(char mask) const {
    const __m256i m = _mm256_set1_epi8(mask);
    return {_mm256_and_si256(lo, m), _mm256_and_si256(hi, m)};
  }
  ByteWeights LowNibbles() const { return And(15); }
  ByteWeights HighNibbles() const {
    return ByteWeights{_mm256_srli_epi16(lo, 4), _mm256_srli_epi16(hi, 4)}.And(15);
  }
  // values[code], of sixteen values that repeat every sixteen bytes.
  ByteWeights Lookup(const ByteWeights& values) const {
    return {_mm256_shuffle_epi8(values.lo, lo), _mm256_shuffle_epi8(values.lo, hi)};
  }
  // Bits 4 and 5 from bits 2j and 2j + 1 of `pairs`.
  ByteWeights WithUpperBits(const ByteWeights& pairs, size_t j) const {
    auto bits = [j](__m256i v) {
      v = j < 2 ? _mm256_slli_epi16(v, static_cast<int>(4 - 2 * j))
                : _mm256_srli_epi16(v, static_cast<int>(2 * j - 4));
      return _mm256_and_si256(v, _mm256_set1_epi8(0x30));
    };
    return {_mm256_or_si256(lo, bits(pairs.lo)), _mm256_or_si256(hi, bits(pairs.hi))};
  }
};

struct ByteSums {
  static constexpr int kTileRows = 6, kTilePanels = 1;
  __m256i lo, hi;

  static ByteSums Set(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
  static ByteSums Load(const int32_t* p) {
    const auto* v = reinterpret_cast<const __m256i*>(p);
    return {_mm256_load_si256(v), _mm256_load_si256(v + 1)};
  }
  void Store(int32_t* p) const {
    auto* v = reinterpret_cast<__m256i*>(p);
    _mm256_store_si256(v, lo);
    _mm256_store_si256(v + 1, hi);
  }
  // first * the low half of `sums` + second * the high half, both signed.
  static ByteSums FromCodeSums(uint32_t sums, int first, int second) {
    const int factors = (first & 0xFFFF) | static_cast<int>(static_cast<uint32_t>(second) << 16);
    const __m256i v =
        _mm256_madd_epi16(_mm256_set1_epi32(factors), _mm256_set1_epi32(static_cast<int>(sums)));
    return {v, v};
  }
  static __m256i FourBytes(const uint8_t* x) {
    int32_t four;
    std::memcpy(&four, x, 4);
    return _mm256_set1_epi32(four);
  }
  // Signed weights by four codes of x that are unsigned.
  void AddSignedWeights(const ByteWeights& w, const uint8_t* x) {
    const __m256i four = FourBytes(x);
    lo = _mm256_dpbusd_avx_epi32(lo, four, w.lo);
    hi = _mm256_dpbusd_avx_epi32(hi, four, w.hi);
  }
  // Unsigned weights by four codes of x that are signed.
  void AddUnsignedWeights(const ByteWeights& w, const uint8_t* x) {
    const __m256i four = FourBytes(x);
    lo = _mm256_dpbusd_avx_epi32(lo, w.lo, four);
    hi = _mm256_dpbusd_avx_epi32(hi, w.hi, four);
  }
  // kZero times the weights.
  template <int kZero>
  void AddZeroPoint(const ByteWeights& w) {
    const __m256i zero = _mm256_set1_epi8(static_cast<char>(kZero));
    lo = _mm256_dpbusd_avx_epi32(lo, zero, w.lo);
    hi = _mm256_dpbusd_avx_epi32(hi, zero, w.hi);
  }
  friend ByteSums operator-(const ByteSums& a, const ByteSums& b) {
    return {_mm256_sub_epi32(a.lo, b.lo), _mm256_sub_epi32(a.hi, b.hi)};
  }
  Lanes ToFloat() const { return {_mm256_cvtepi32_ps(lo), _mm256_cvtepi32_ps(hi)}; }
  // Keeps additions in order: compilers would rebuild chains as trees that do not fit the
  // registers.
  void Pin() { __asm__("" : "+x"(lo), "+x"(hi)); }
};

inline Lanes BytesToFloats(const uint8_t* p) {
  auto eight = [](const uint8_t* q) {
    return _mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(q))));
  };
  return {eight(p), eight(p + 8)};
}

// Scale bytes of Q4G (tensor/packed.h) as four times their value: a byte is the upper bits of a
// half.
inline Lanes Q4GScales(const uint8_t* p) {
  __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  wide =
      _mm256_and_si256(_mm256_slli_epi16(wide, 7), _mm256_set1_epi16(static_cast<int16_t>(0xBF80)));
  return {_mm256_cvtph_ps(_mm256_castsi256_si128(wide)),
          _mm256_cvtph_ps(_mm256_extracti128_si256(wide, 1))};
}

}  // namespace
}  // namespace pano::kernels
#endif
