#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/simd/lanes.h"

// What tiles.h needs of a unit that multiplies tiles of bytes, in plain C++. Anonymous namespace:
// see lanes_generic.h.
namespace pano::kernels {
namespace {

inline constexpr size_t kTileHeight = 16;  // rows of x that one tile takes
inline constexpr int kTileSlots = 4;      // blocks whose products a unit can have in work together

// Plain loops in place of a tile unit. Confined to one thread.
class TilesGeneric {
 public:
  // Readies the unit of this thread for so many rows of x, at most kTileHeight.
  explicit TilesGeneric(size_t rows) : rows_(rows) {}

  // Products of a block: 32 unsigned codes of each row of x, `stride` bytes apart, by eight steps
  // of signed weights [step][16][4], added to start [16]. out: [row][16], aligned to 64 bytes. Slots do
  // not wait for one another.
  template <int kSlot>
  void Multiply(const uint8_t* x, size_t stride, const uint8_t* weights, const int32_t* start,
                int32_t* out) const {
    for (size_t i = 0; i < rows_; ++i) {
      for (size_t n = 0; n < 16; ++n) {
        int32_t sum = start[n];
        for (size_t c = 0; c < 32; ++c) {
          sum += x[i * stride + c] * static_cast<int8_t>(weights[c / 4 * 64 + n * 4 + c % 4]);
        }
        out[i * 16 + n] = sum;
      }
    }
  }
  static Lanes ToFloat(const int32_t* sums) {
    float floats[Lanes::kWidth];
    for (size_t n = 0; n < 16; ++n) floats[n] = static_cast<float>(sums[n]);
    return Lanes::Load(floats);
  }

 private:
  size_t rows_;
};

}  // namespace
}  // namespace pano::kernels
