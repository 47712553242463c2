#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/kernels/packed_matmul/packed_matmul.h"
#include "model/kernels/simd/lanes.h"
#include "model/tensor/half.h"

// What tiles.h needs of a unit that multiplies tiles, in plain C++: the definition that hardware
// must equal to the bit. Anonymous namespace: see lanes_generic.h.
namespace pano::kernels {
namespace {

// The elements of a tile, of which a row has 64 bytes.
enum class TileElement {
  kInt8,    // signed bytes, summed in 32-bit integers
  kBFloat,  // BF16, summed in floats; denormal numbers count as zero and become it
};

inline constexpr size_t kTileBytes = kTileRows * kTileRowBytes;

// A denormal number is zero.
inline float Flushed(float x) { return __builtin_fabsf(x) < 0x1p-126f ? __builtin_copysignf(0, x) : x; }

// Plain loops in place of a tile unit, which holds up to two by two tiles of sums. Confined to one
// thread.
class TilesGeneric {
 public:
  // Readies the unit of this thread for so many rows of x a tile, at most kTileRows.
  explicit TilesGeneric(size_t rows, size_t = kTileRowBytes) : rows_(rows) {}

  // Nothing that was written before is read from before.
  static void Fence() {}

  // Sums of kX tiles of rows of x by kW tiles of rows of weights: as zeros, from memory, to memory.
  // A tile there: 4-byte sums [row of x][16], at kTileBytes each, [tile of x][tile of w].
  template <int kX, int kW>
  void Zero() {
    std::memset(sums_, 0, sizeof sums_);
  }
  template <int kX, int kW>
  void Load(const std::byte* from) {
    for (int i = 0; i < kX * kW; ++i) std::memcpy(Tile<kW>(i), from + i * kTileBytes, rows_ * 64);
  }
  template <int kX, int kW>
  void Store(std::byte* to) const {
    for (int i = 0; i < kX * kW; ++i) std::memcpy(to + i * kTileBytes, Tile<kW>(i), rows_ * 64);
  }

  // Adds the products of 64 bytes of each row. A tile of x: [row][64 bytes], the second
  // `x_next` bytes behind the first. A tile of weights: [4 bytes][16 rows][4 bytes].
  template <TileElement kElement, int kX, int kW>
  void MultiplyAdd(const uint8_t* x, size_t x_next, const uint8_t* w, size_t w_next) {
    for (int i = 0; i < kX * kW; ++i) {
      const uint8_t *tile_x = x + static_cast<size_t>(i / kW) * x_next,
                    *tile_w = w + static_cast<size_t>(i % kW) * w_next;
      for (size_t m = 0; m < rows_; ++m) {
        for (size_t n = 0; n < 16; ++n) {
          std::byte* sum = Tile<kW>(i) + m * 64 + n * 4;
          const uint8_t *row = tile_x + m * kTileRowBytes, *column = tile_w + n * 4;
          if constexpr (kElement == TileElement::kInt8) {
            AddIntegers(row, column, sum);
          } else {
            AddFloats(row, column, sum);
          }
        }
      }
    }
  }

  // The sums of one block of 32 columns: x [16][32], weights [8][16][4], signed bytes.
  template <int kSlot>
  void MultiplyBlock(const uint8_t* x, const uint8_t* w, std::byte* to) {
    for (size_t m = 0; m < rows_; ++m) {
      for (size_t n = 0; n < 16; ++n) {
        int32_t sum = 0;
        for (size_t c = 0; c < 32; ++c) {
          sum += static_cast<int8_t>(x[m * 32 + c]) * static_cast<int8_t>(w[c / 4 * 64 + n * 4 + c % 4]);
        }
        std::memcpy(to + m * 64 + n * 4, &sum, sizeof sum);
      }
    }
  }

  // The same for numbers that are the sums of two: high by low, low by high and high by high, in this order.
  template <TileElement kElement, int kX, int kW>
  void MultiplyAddSplit(const uint8_t* x_high, const uint8_t* x_low, size_t x_next, const uint8_t* w_high,
                        const uint8_t* w_low, size_t w_next) {
    MultiplyAdd<kElement, kX, kW>(x_high, x_next, w_low, w_next);
    MultiplyAdd<kElement, kX, kW>(x_low, x_next, w_high, w_next);
    MultiplyAdd<kElement, kX, kW>(x_high, x_next, w_high, w_next);
  }

  // to[j][i] = from[i][j] of sixteen rows of sixteen; `from` has so many floats a row, `to` sixteen.
  static void Transpose(const float* from, size_t stride, float* to) {
    for (size_t i = 0; i < 16; ++i) {
      for (size_t j = 0; j < 16; ++j) to[j * 16 + i] = from[i * stride + j];
    }
  }

  // Sixteen numbers of `a` beside as many of `b`, each as high + low of BF16: high to the nearest, the
  // upper of two; low cut off. To [16][a, b], 64 bytes each.
  static void Split(Lanes a, Lanes b, std::byte* high, std::byte* low) {
    float numbers[2][Lanes::kWidth];
    a.Store(numbers[0]);
    b.Store(numbers[1]);
    for (size_t i = 0; i < 2 * Lanes::kWidth; ++i) {
      const float x = numbers[i % 2][i / 2];
      const uint32_t top = (__builtin_bit_cast(uint32_t, x) + 0x8000) & 0xFFFF0000;
      const uint32_t rest = __builtin_bit_cast(uint32_t, x - __builtin_bit_cast(float, top));
      const auto high_bits = static_cast<uint16_t>(top >> 16), low_bits = static_cast<uint16_t>(rest >> 16);
      std::memcpy(high + 2 * i, &high_bits, sizeof high_bits);
      std::memcpy(low + 2 * i, &low_bits, sizeof low_bits);
    }
  }

  // The same as BF16, to the nearest, the upper of two.
  static void Round(Lanes a, Lanes b, std::byte* to) {
    std::byte low[2 * sizeof(float) * Lanes::kWidth];
    Split(a, b, to, low);
  }

  static Lanes ToFloat(const std::byte* sums) {
    int32_t integers[Lanes::kWidth];
    std::memcpy(integers, sums, sizeof integers);
    float floats[Lanes::kWidth];
    for (size_t n = 0; n < 16; ++n) floats[n] = static_cast<float>(integers[n]);
    return Lanes::Load(floats);
  }

 private:
  template <int kW>
  std::byte* Tile(int i) {
    return sums_[i / kW * 2 + i % kW];
  }
  template <int kW>
  const std::byte* Tile(int i) const {
    return sums_[i / kW * 2 + i % kW];
  }

  static void AddIntegers(const uint8_t* x, const uint8_t* w, std::byte* to) {
    int32_t sum;
    std::memcpy(&sum, to, sizeof sum);
    for (size_t c = 0; c < 64; ++c) {
      sum += static_cast<int8_t>(x[c]) * static_cast<int8_t>(w[c / 4 * 64 + c % 4]);
    }
    std::memcpy(to, &sum, sizeof sum);
  }
  // TDPBF16PS of Intel's "Instruction set reference": a chain over the even, one over the odd
  // columns.
  static void AddFloats(const uint8_t* x, const uint8_t* w, std::byte* to) {
    float sum, chains[2] = {};
    std::memcpy(&sum, to, sizeof sum);
    auto number = [](const uint8_t* p) {
      uint16_t bits;
      std::memcpy(&bits, p, sizeof bits);
      return Flushed(tensor::BFloatToFloat(bits));
    };
    for (size_t c = 0; c < 32; ++c) {
      const float product = number(x + 2 * c), by = number(w + c / 2 * 64 + c % 2 * 2);
      chains[c % 2] = Flushed(__builtin_fmaf(product, by, chains[c % 2]));
    }
    sum = Flushed(sum + Flushed(chains[0] + chains[1]));
    std::memcpy(to, &sum, sizeof sum);
  }

  size_t rows_;
  alignas(64) std::byte sums_[4][kTileBytes];
};

}  // namespace
}  // namespace pano::kernels
