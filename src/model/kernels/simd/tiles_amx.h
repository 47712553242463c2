#pragma once

#include "model/kernels/simd/tiles_generic.h"

// tiles_generic.h on AMX: registers 0 to 3 hold sums, 4 and 5 x, 6 and 7 weights.
// REQUIRES: included behind lanes_avx512.h, compiled with -mamx-tile -mamx-int8 -mamx-bf16, and
// that the system has granted the tiles (cpu.h). Anonymous namespace: see lanes_generic.h.
#if defined(__AMX_INT8__) && defined(__AMX_BF16__) && defined(__AMX_TILE__)
#include <immintrin.h>

namespace pano::kernels {
namespace {

// The tile registers of this thread, configured for as long as the value lives. Confined to one
// thread.
class TilesAmx {
 public:
  // x has so many bytes a row of a tile, and weights as many fours.
  explicit TilesAmx(size_t rows, size_t x_bytes = kTileRowBytes) {
    Config config;
    for (size_t i = 0; i < 4; ++i) config.Shape(i, rows, kTileRowBytes);
    for (size_t i = 4; i < 6; ++i) config.Shape(i, rows, x_bytes);
    for (size_t i = 6; i < 8; ++i) config.Shape(i, x_bytes / 4, kTileRowBytes);
    // GCC 12's intrinsic says that it reads eight bytes; the compiler drops the others without this.
    __asm__ volatile("" : "+m"(config));
    _tile_loadconfig(&config);
  }
  ~TilesAmx() { _tile_release(); }
  TilesAmx(const TilesAmx&) = delete;
  TilesAmx& operator=(const TilesAmx&) = delete;

  // The compiler does not know what tiles are loaded from.
  static void Fence() { __asm__ volatile("" ::: "memory"); }

  // The intrinsics take literal numbers only.
  template <int kX, int kW>
  void Zero() {
    _tile_zero(0);
    if constexpr (kW > 1) _tile_zero(1);
    if constexpr (kX > 1) _tile_zero(2);
    if constexpr (kX > 1 && kW > 1) _tile_zero(3);
  }
  template <int kX, int kW>
  void Load(const std::byte* from) {
    _tile_loadd(0, from, kTileRowBytes);
    if constexpr (kW > 1) _tile_loadd(1, from + kTileBytes, kTileRowBytes);
    if constexpr (kX > 1) _tile_loadd(2, from + kW * kTileBytes, kTileRowBytes);
    if constexpr (kX > 1 && kW > 1) _tile_loadd(3, from + 3 * kTileBytes, kTileRowBytes);
  }
  template <int kX, int kW>
  void Store(std::byte* to) const {
    _tile_stored(0, to, kTileRowBytes);
    if constexpr (kW > 1) _tile_stored(1, to + kTileBytes, kTileRowBytes);
    if constexpr (kX > 1) _tile_stored(2, to + kW * kTileBytes, kTileRowBytes);
    if constexpr (kX > 1 && kW > 1) _tile_stored(3, to + 3 * kTileBytes, kTileRowBytes);
  }

  template <TileElement kElement, int kX, int kW>
  void MultiplyAdd(const uint8_t* x, size_t x_next, const uint8_t* w, size_t w_next) {
#define PANO_MULTIPLY_ADD(SUMS, X, W)                \
  if constexpr (kElement == TileElement::kInt8) {    \
    _tile_dpbssd(SUMS, X, W);                        \
  } else {                                           \
    _tile_dpbf16ps(SUMS, X, W);                      \
  }
    _tile_loadd(6, w, kTileRowBytes);
    _tile_loadd(4, x, kTileRowBytes);
    PANO_MULTIPLY_ADD(0, 4, 6)
    if constexpr (kW > 1) {
      _tile_loadd(7, w + w_next, kTileRowBytes);
      PANO_MULTIPLY_ADD(1, 4, 7)
    }
    if constexpr (kX > 1) {
      _tile_loadd(5, x + x_next, kTileRowBytes);
      PANO_MULTIPLY_ADD(2, 5, 6)
    }
    if constexpr (kX > 1 && kW > 1) {
      PANO_MULTIPLY_ADD(3, 5, 7)
    }
#undef PANO_MULTIPLY_ADD
  }

  // The sums of one block: signed bytes of x, [16][32], by those of weights, [8][16][4]. kSlot, 0 or 1: the registers.
  // REQUIRES: x_bytes = 32.
  template <int kSlot>
  void MultiplyBlock(const uint8_t* x, const uint8_t* w, std::byte* to) {
    if constexpr (kSlot == 0) {
      _tile_zero(0);
      _tile_loadd(6, w, kTileRowBytes);
      _tile_loadd(4, x, 32);
      _tile_dpbssd(0, 4, 6);
      _tile_stored(0, to, kTileRowBytes);
    } else {
      _tile_zero(1);
      _tile_loadd(7, w, kTileRowBytes);
      _tile_loadd(5, x, 32);
      _tile_dpbssd(1, 5, 7);
      _tile_stored(1, to, kTileRowBytes);
    }
  }

  // All four sums by the tiles that are loaded, `rounds` times; gives the number of operations.
  template <TileElement kElement>
  int64_t MultiplyLoaded(int64_t rounds) {
    for (int64_t i = 0; i < rounds; ++i) {
      if constexpr (kElement == TileElement::kInt8) {
        _tile_dpbssd(0, 4, 6);
        _tile_dpbssd(1, 4, 7);
        _tile_dpbssd(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
      } else {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
    constexpr int64_t kElements = kElement == TileElement::kInt8 ? 64 : 32;
    return rounds * 4 * 2 * 16 * 16 * kElements;
  }

  // Registers 4 and 5 have x, first high, then low, then high; 6 and 7 weights, first low, then high.
  template <TileElement kElement, int kX, int kW>
  void MultiplyAddSplit(const uint8_t* x_high, const uint8_t* x_low, size_t x_next, const uint8_t* w_high,
                        const uint8_t* w_low, size_t w_next) {
    static_assert(kElement == TileElement::kBFloat);
    LoadW<kW>(w_low, w_next);
    LoadX<kX>(x_high, x_next);
    MultiplyLoadedBFloats<kX, kW>();
    LoadW<kW>(w_high, w_next);
    LoadX<kX>(x_low, x_next);
    MultiplyLoadedBFloats<kX, kW>();
    LoadX<kX>(x_high, x_next);
    MultiplyLoadedBFloats<kX, kW>();
  }

  static void Transpose(const float* from, size_t stride, float* to) {
    __m512 r[16], s[16];
    for (size_t i = 0; i < 16; ++i) r[i] = _mm512_loadu_ps(from + i * stride);
    for (size_t i = 0; i < 16; i += 2) {  // pairs of rows
      s[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
      s[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    for (size_t i = 0; i < 16; i += 4) {  // fours
      r[i] = _mm512_shuffle_ps(s[i], s[i + 2], 0x44);
      r[i + 1] = _mm512_shuffle_ps(s[i], s[i + 2], 0xEE);
      r[i + 2] = _mm512_shuffle_ps(s[i + 1], s[i + 3], 0x44);
      r[i + 3] = _mm512_shuffle_ps(s[i + 1], s[i + 3], 0xEE);
    }
    for (size_t i = 0; i < 4; ++i) {  // eights: columns i, i + 8 of rows 0 to 7 and 8 to 15, then i + 4, i + 12
      s[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
      s[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xDD);
      s[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
      s[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xDD);
    }
    for (size_t i = 0; i < 8; ++i) {
      _mm512_store_ps(to + i * 16, _mm512_shuffle_f32x4(s[i], s[i + 8], 0x88));
      _mm512_store_ps(to + (i + 8) * 16, _mm512_shuffle_f32x4(s[i], s[i + 8], 0xDD));
    }
  }

  static void Split(Lanes a, Lanes b, std::byte* high, std::byte* low) {
    const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000)), half = _mm512_set1_epi32(0x8000);
    const __m512i top_a = _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(a.v), half), upper),
                  top_b = _mm512_and_si512(_mm512_add_epi32(_mm512_castps_si512(b.v), half), upper);
    const __m512i rest_a = _mm512_castps_si512(_mm512_sub_ps(a.v, _mm512_castsi512_ps(top_a))),
                  rest_b = _mm512_castps_si512(_mm512_sub_ps(b.v, _mm512_castsi512_ps(top_b)));
    _mm512_store_si512(high, _mm512_or_si512(_mm512_srli_epi32(top_a, 16), top_b));
    // 0xF8: the first, or the second and the third.
    _mm512_store_si512(low, _mm512_ternarylogic_epi32(_mm512_srli_epi32(rest_a, 16), rest_b, upper, 0xF8));
  }

  static void Round(Lanes a, Lanes b, std::byte* to) {
    const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000)), half = _mm512_set1_epi32(0x8000);
    const __m512i top_a = _mm512_srli_epi32(_mm512_add_epi32(_mm512_castps_si512(a.v), half), 16),
                  top_b = _mm512_add_epi32(_mm512_castps_si512(b.v), half);
    _mm512_store_si512(to, _mm512_ternarylogic_epi32(top_a, top_b, upper, 0xF8));
  }

  static Lanes ToFloat(const std::byte* sums) {
    return {_mm512_cvtepi32_ps(_mm512_load_si512(sums))};
  }

 private:
  template <int kX>
  void LoadX(const uint8_t* x, size_t next) {
    _tile_loadd(4, x, kTileRowBytes);
    if constexpr (kX > 1) _tile_loadd(5, x + next, kTileRowBytes);
  }
  template <int kW>
  void LoadW(const uint8_t* w, size_t next) {
    _tile_loadd(6, w, kTileRowBytes);
    if constexpr (kW > 1) _tile_loadd(7, w + next, kTileRowBytes);
  }
  template <int kX, int kW>
  void MultiplyLoadedBFloats() {
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kW > 1) _tile_dpbf16ps(1, 4, 7);
    if constexpr (kX > 1) _tile_dpbf16ps(2, 5, 6);
    if constexpr (kX > 1 && kW > 1) _tile_dpbf16ps(3, 5, 7);
  }

  // The 64 bytes that LDTILECFG reads (Intel, "Architecture instruction set extensions").
  struct alignas(64) Config {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};
    void Shape(size_t tile, size_t height, size_t bytes) {
      rows[tile] = static_cast<uint8_t>(height);
      row_bytes[tile] = static_cast<uint16_t>(bytes);
    }
  };
};

}  // namespace
}  // namespace pano::kernels
#endif
