#pragma once

#include "model/kernels/simd/tiles_generic.h"

// tiles_generic.h on AMX: a tile of sums a slot, and two each of x and of weights in turn.
// REQUIRES: included behind lanes_avx512.h, compiled with -mamx-tile -mamx-int8, and that the
// system has granted the tiles (cpu.h). Anonymous namespace: see lanes_generic.h.
#if defined(__AMX_INT8__) && defined(__AMX_TILE__)
#include <immintrin.h>

namespace pano::kernels {
namespace {

// The tile registers of this thread, configured for as long as the value lives. Confined to one
// thread.
class TilesAmx {
 public:
  explicit TilesAmx(size_t rows) {
    Config config;
    for (size_t i = 0; i < kTileSlots; ++i) config.Shape(i, rows, 64);  // sums
    for (size_t i = 0; i < 2; ++i) {
      config.Shape(kTileSlots + i, rows, 32);    // x
      config.Shape(kTileSlots + 2 + i, 8, 64);  // weights
    }
    _tile_loadconfig(&config);
  }
  ~TilesAmx() { _tile_release(); }
  TilesAmx(const TilesAmx&) = delete;
  TilesAmx& operator=(const TilesAmx&) = delete;

  template <int kSlot>
  void Multiply(const uint8_t* x, size_t stride, const uint8_t* weights, const int32_t* start,
                int32_t* out) const {
// The intrinsics take literal numbers only.
#define PANO_MULTIPLY_TILE(SUMS, X, WEIGHTS) \
  _tile_loadd(SUMS, start, 0);               \
  _tile_loadd(X, x, stride);                 \
  _tile_loadd(WEIGHTS, weights, 64);         \
  _tile_dpbusd(SUMS, X, WEIGHTS);            \
  _tile_stored(SUMS, out, 64)
    static_assert(kTileSlots == 4);
    if constexpr (kSlot == 0) {
      PANO_MULTIPLY_TILE(0, 4, 6);
    } else if constexpr (kSlot == 1) {
      PANO_MULTIPLY_TILE(1, 5, 7);
    } else if constexpr (kSlot == 2) {
      PANO_MULTIPLY_TILE(2, 4, 6);
    } else {
      PANO_MULTIPLY_TILE(3, 5, 7);
    }
#undef PANO_MULTIPLY_TILE
  }
  static Lanes ToFloat(const int32_t* sums) {
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
