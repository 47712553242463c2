#pragma once

#include <cstddef>
#include <cstdint>

// What tiles.h needs of a unit that multiplies tiles of bytes, in plain C++. Anonymous namespace:
// see lanes_generic.h.
namespace pano::kernels {
namespace {

inline constexpr size_t kTileHeight = 16;  // rows of x that one tile takes

// Plain loops in place of a tile unit. Confined to one thread.
class TilesGeneric {
 public:
  // Readies the unit of this thread for groups of so many rows of x, at most kGroupRows.
  static constexpr size_t kGroupRows = 3 * kTileHeight;
  explicit TilesGeneric(size_t rows) : rows_(rows) {}

  // Products of a block: 32 unsigned codes of each row of x, `stride` bytes apart, by eight steps
  // of signed weights [step][16][4]. out: [row][16].
  void Multiply(const uint8_t* x, size_t stride, const uint8_t* weights, int32_t* out) const {
    for (size_t i = 0; i < rows_; ++i) {
      for (size_t n = 0; n < 16; ++n) {
        int32_t sum = 0;
        for (size_t c = 0; c < 32; ++c) {
          sum += x[i * stride + c] * static_cast<int8_t>(weights[c / 4 * 64 + n * 4 + c % 4]);
        }
        out[i * 16 + n] = sum;
      }
    }
  }

 private:
  size_t rows_;
};

}  // namespace
}  // namespace pano::kernels
