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

  static Lanes ToFloat(const std::byte* sums) {
    return {_mm512_cvtepi32_ps(_mm512_load_si512(sums))};
  }

 private:
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
