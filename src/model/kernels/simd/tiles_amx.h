#pragma once

#include "model/kernels/simd/tiles_generic.h"

// tiles_generic.h on AMX: three tiles of sums, three of x and one of weights.
// REQUIRES: compiled with -mamx-tile -mamx-int8, and that the system has granted the tiles
// (cpu.h). Anonymous namespace: see lanes_generic.h.
#if defined(__AMX_INT8__) && defined(__AMX_TILE__)
#include <immintrin.h>

namespace pano::kernels {
namespace {

// The tile registers of this thread, configured for as long as the value lives. Confined to one
// thread.
class TilesAmx {
 public:
  static constexpr size_t kGroupRows = TilesGeneric::kGroupRows;

  explicit TilesAmx(size_t rows) : count_((rows + kTileHeight - 1) / kTileHeight) {
    Config config;
    for (size_t i = 0; i < count_; ++i) {
      begin_[i] = i * rows / count_;
      const size_t height = (i + 1) * rows / count_ - begin_[i];
      config.Shape(i, height, 64);      // sums
      config.Shape(3 + i, height, 32);  // x
    }
    config.Shape(6, 8, 64);  // weights
    _tile_loadconfig(&config);
  }
  ~TilesAmx() { _tile_release(); }
  TilesAmx(const TilesAmx&) = delete;
  TilesAmx& operator=(const TilesAmx&) = delete;

  void Multiply(const uint8_t* x, size_t stride, const uint8_t* weights, int32_t* out) const {
    _tile_loadd(6, weights, 64);
    _tile_zero(0);
    _tile_loadd(3, x, stride);
    _tile_dpbusd(0, 3, 6);
    if (count_ > 1) {
      _tile_zero(1);
      _tile_loadd(4, x + begin_[1] * stride, stride);
      _tile_dpbusd(1, 4, 6);
    }
    if (count_ > 2) {
      _tile_zero(2);
      _tile_loadd(5, x + begin_[2] * stride, stride);
      _tile_dpbusd(2, 5, 6);
    }
    _tile_stored(0, out, 64);
    if (count_ > 1) _tile_stored(1, out + begin_[1] * 16, 64);
    if (count_ > 2) _tile_stored(2, out + begin_[2] * 16, 64);
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

  size_t count_;
  size_t begin_[3] = {};
};

}  // namespace
}  // namespace pano::kernels
#endif
