#pragma once

// Products of eight-bit packed matrices with many rows of x, by a unit that multiplies whole tiles
// of bytes (simd/tiles_*.h), over the Lanes that the including file defines. Anonymous namespace:
// no symbol may stand in for one of another instruction set.
#include <cstring>

#include "model/kernels/packed_matmul/panels.h"
#include "model/kernels/simd/lanes.h"
#include "model/kernels/simd/tiles_generic.h"

namespace pano::kernels {
namespace {

template <bool kBlockScales>
struct EightBitPanel {
  using Layout = EightBitLayout<kBlockScales>;
  const uint8_t* panel;

  const uint8_t* codes(size_t block) const {
    return panel + Layout::kHeader + block * Layout::kBlock + Layout::kCodes;
  }
  Lanes scales(size_t block) const {
    if (!kBlockScales) return Lanes::Set(1.0f);
    return Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(panel + block * Layout::kBlock));
  }
};

// The term of x's zero point, from which sums start: -64 times the sum of each weight row's codes,
// block by block.
template <typename Tiles, bool kBlockScales>
void ZeroPointTerms(const EightBitPanel<kBlockScales>& panel, size_t blocks, int32_t* zeros) {
  alignas(64) uint8_t zero[tensor::kPackedBlock];
  alignas(64) const int32_t none[kPanelWidth] = {};
  std::memset(zero, 64, sizeof zero);
  const Tiles tiles(1);
  for (size_t b = 0; b < blocks; ++b) {
    int32_t* at = zeros + b * kPanelWidth;
    tiles.template Multiply<0>(zero, sizeof zero, panel.codes(b), none, at);
    for (size_t j = 0; j < kPanelWidth; ++j) at[j] = -at[j];
  }
}

// Products of the blocks of a chunk, [slot][row][16].
template <typename Tiles, bool kBlockScales>
struct TileProducts {
  static constexpr size_t kSlotSize = kTileHeight * kPanelWidth;
  alignas(64) int32_t sums[kTileSlots * kSlotSize];

  // Of `count` blocks from block `b` on.
  template <int kSlot = 0>
  void Multiply(const Tiles& tiles, const uint8_t* x, size_t k,
                const EightBitPanel<kBlockScales>& panel, const int32_t* zeros, size_t b,
                size_t count) {
    tiles.template Multiply<kSlot>(x + b * tensor::kPackedBlock, k, panel.codes(b),
                                    zeros + b * kPanelWidth, sums + kSlot * kSlotSize);
    if constexpr (kSlot + 1 < kTileSlots) {
      if (kSlot + 1 < count) Multiply<kSlot + 1>(tiles, x, k, panel, zeros, b + 1, count);
    }
  }
};

// Rows [m, m + rows) of x by one panel. Their float sums stay in registers from the first block to
// the last; the unit multiplies the next chunk of blocks while they take in this one, because what
// it stores takes long to be seen. kRows: a constant number of rows, or 0.
template <typename Tiles, bool kBlockScales, size_t kRows>
void MultiplyGroup(const PackedMatMulArgs& a, const EightBitPanel<kBlockScales>& panel,
                   const int32_t* zeros, const Tiles& tiles, size_t m, size_t some_rows, size_t n) {
  const size_t rows = kRows ? kRows : some_rows;
  const size_t blocks = a.k / tensor::kPackedBlock;
  const uint8_t* x = a.x.codes + m * a.k;
  const float* scales = a.x.scales + m * blocks;
  TileProducts<Tiles, kBlockScales> products[2];
  auto multiply = [&](size_t b) {
    products[b / kTileSlots % 2].Multiply(tiles, x, a.k, panel, zeros, b, blocks - b);
  };
  // Stores leave in order: a line of y that had to be fetched would hold up the unit's own.
  for (size_t i = 0; i < rows; ++i) __builtin_prefetch(a.y + (m + i) * a.n + n, /*for writing*/ 1);
  Lanes sums[kTileHeight];
#pragma GCC unroll 16
  for (size_t i = 0; i < kTileHeight; ++i) sums[i] = Lanes::Zero();
  multiply(0);
  for (size_t chunk = 0; chunk < blocks; chunk += kTileSlots) {
    const size_t next = chunk + kTileSlots, end = next < blocks ? next : blocks;
    if (next < blocks) multiply(next);
    const int32_t* product = products[chunk / kTileSlots % 2].sums;
    for (size_t b = chunk; b < end; ++b, product += kTileHeight * kPanelWidth) {
      const Lanes scale = panel.scales(b);
#pragma GCC unroll 16
      for (size_t i = 0; i < rows; ++i) {
        const Lanes integers = Tiles::ToFloat(product + i * kPanelWidth);
        const Lanes s = Lanes::Set(scales[i * blocks + b]);
        sums[i] = Lanes::MulAdd(kBlockScales ? integers * scale : integers, s, sums[i]);
      }
    }
  }
  const size_t count = a.n - n < kPanelWidth ? a.n - n : kPanelWidth;
#pragma GCC unroll 16
  for (size_t i = 0; i < rows; ++i) {
    if (!kBlockScales) {
      sums[i] = sums[i] * Lanes::Load(reinterpret_cast<const float*>(panel.panel));
    }
    float* y = a.y + (m + i) * a.n + n;
    if (count == kPanelWidth) {
      (a.bias ? sums[i] + Lanes::Load(a.bias + n) : sums[i]).Store(y);
      continue;
    }
    float sum[kPanelWidth];
    sums[i].Store(sum);
    for (size_t j = 0; a.bias && j < count; ++j) sum[j] += a.bias[n + j];
    std::memcpy(y, sum, count * sizeof(float));
  }
}

// The last group of many rows begins early enough to be a whole one: a row computed twice has the
// same bits.
template <typename Tiles, bool kBlockScales>
void TilePanel(const PackedMatMulArgs& a, const EightBitPanel<kBlockScales>& panel,
               const int32_t* zeros, size_t n) {
  const Tiles tiles(a.m < kTileHeight ? a.m : kTileHeight);
  if (a.m < kTileHeight) {
    return MultiplyGroup<Tiles, kBlockScales, 0>(a, panel, zeros, tiles, 0, a.m, n);
  }
  for (size_t m = 0; m < a.m; m += kTileHeight) {
    const size_t begin = m + kTileHeight < a.m ? m : a.m - kTileHeight;
    MultiplyGroup<Tiles, kBlockScales, kTileHeight>(a, panel, zeros, tiles, begin, 0, n);
  }
}

template <typename Tiles, bool kBlockScales>
void TileMatMul(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  // So many rows of x stay in the second-level cache while panels stream past.
  constexpr size_t kCachedCodes = size_t{512} << 10;
  const size_t fit = kCachedCodes / a.k / kTileHeight * kTileHeight;
  const size_t most = fit < 4 * kTileHeight ? 4 * kTileHeight : fit;
  const size_t panel_bytes = tensor::PanelBytes(a.w->dtype, a.k), blocks = a.k / 32;
  auto* zeros = reinterpret_cast<int32_t*>(scratch);
  const auto* data = reinterpret_cast<const uint8_t*>(a.w->data);
  for (size_t m = 0; m < a.m; m += most) {
    PackedMatMulArgs rows = a;
    rows.m = a.m - m < most ? a.m - m : most;
    rows.x = {a.x.codes + m * a.k, a.x.scales + m * blocks, a.x.sums + m * blocks};
    rows.y = a.y + m * a.n;
    for (size_t p = begin; p < end; ++p) {
      const EightBitPanel<kBlockScales> panel{data + p * panel_bytes};
      ZeroPointTerms<Tiles>(panel, blocks, zeros);
      TilePanel<Tiles>(rows, panel, zeros, p * tensor::kPanelRows);
    }
  }
}

}  // namespace
}  // namespace pano::kernels
