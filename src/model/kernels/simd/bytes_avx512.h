#pragma once

#include <cstring>

#include "model/kernels/simd/lanes_avx512.h"

// Sums of byte products for dot.h on AVX-512 VNNI: sixteen sums are one register; see
// bytes_avxvnni.h. REQUIRES: compiled with -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni.
// Anonymous namespace: see lanes_generic.h.
#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && \
    defined(__AVX512VL__)
#include <immintrin.h>
#define PANO_BYTE_SUMS

namespace pano::kernels {
namespace {

// What is added to codes of x of seven bits, and to those with a scale a row.
inline constexpr int kUint7ZeroPoint = 64, kRowZeroPoint = 128;

// Four columns of sixteen rows: byte 4 row + column.
struct ByteWeights {
  __m512i v;

  static ByteWeights Load(const uint8_t* p) { return {_mm512_loadu_si512(p)}; }
  ByteWeights And(char mask) const { return {_mm512_and_si512(v, _mm512_set1_epi8(mask))}; }
  ByteWeights LowNibbles() const { return And(15); }
  ByteWeights HighNibbles() const { return ByteWeights{_mm512_srli_epi16(v, 4)}.And(15); }
  // values[code], of sixteen values that repeat every sixteen bytes.
  ByteWeights Lookup(const ByteWeights& values) const { return {_mm512_shuffle_epi8(values.v, v)}; }
  // Bits 4 and 5 from bits 2j and 2j + 1 of `pairs`.
  ByteWeights WithUpperBits(const ByteWeights& pairs, size_t j) const {
    const __m512i bits = j < 2 ? _mm512_slli_epi16(pairs.v, static_cast<unsigned>(4 - 2 * j))
                               : _mm512_srli_epi16(pairs.v, static_cast<unsigned>(2 * j - 4));
    return {_mm512_or_si512(v, _mm512_and_si512(bits, _mm512_set1_epi8(0x30)))};
  }
};

struct ByteSums {
  static constexpr int kTileRows = 12, kTilePanels = 2;
  __m512i v;

  static ByteSums Set(int32_t x) { return {_mm512_set1_epi32(x)}; }
  static ByteSums Load(const int32_t* p) { return {_mm512_loadu_si512(p)}; }
  void Store(int32_t* p) const { _mm512_storeu_si512(p, v); }
  // first * the low half of `sums` + second * the high half, both signed.
  static ByteSums FromCodeSums(uint32_t sums, int first, int second) {
    const int factors = (first & 0xFFFF) | static_cast<int>(static_cast<uint32_t>(second) << 16);
    return {_mm512_dpwssd_epi32(_mm512_setzero_si512(), _mm512_set1_epi32(factors),
                                _mm512_set1_epi32(static_cast<int>(sums)))};
  }
  static __m512i FourBytes(const uint8_t* x) {
    int32_t four;
    std::memcpy(&four, x, 4);
    return _mm512_set1_epi32(four);
  }
  // Signed weights by four codes of x that are unsigned.
  void AddSignedWeights(const ByteWeights& w, const uint8_t* x) {
    v = _mm512_dpbusd_epi32(v, FourBytes(x), w.v);
  }
  // Unsigned weights by four codes of x that are signed.
  void AddUnsignedWeights(const ByteWeights& w, const uint8_t* x) {
    v = _mm512_dpbusd_epi32(v, w.v, FourBytes(x));
  }
  // kZero times the weights.
  template <int kZero>
  void AddZeroPoint(const ByteWeights& w) {
    v = _mm512_dpbusd_epi32(v, _mm512_set1_epi8(static_cast<char>(kZero)), w.v);
  }
  friend ByteSums operator-(const ByteSums& a, const ByteSums& b) {
    return {_mm512_sub_epi32(a.v, b.v)};
  }
  Lanes ToFloat() const { return {_mm512_cvtepi32_ps(v)}; }
  // Keeps additions in order.
  void Pin() { __asm__("" : "+v"(v)); }
};

inline Lanes BytesToFloats(const uint8_t* p) {
  return {_mm512_cvtepi32_ps(
      _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))))};
}

// Scale bytes of Q4G (tensor/packed.h) as four times their value: a byte is the upper bits of a
// half.
inline Lanes Q4GScales(const uint8_t* p) {
  __m256i wide = _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  wide =
      _mm256_and_si256(_mm256_slli_epi16(wide, 7), _mm256_set1_epi16(static_cast<int16_t>(0xBF80)));
  return {_mm512_cvtph_ps(wide)};
}

}  // namespace
}  // namespace pano::kernels
#endif
