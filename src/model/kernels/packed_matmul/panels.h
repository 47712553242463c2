#pragma once

// How tiles go through a packed matrix, for the file of one instruction set, which brings the
// tiles. Anonymous namespace: no symbol may stand in for one of another instruction set.
#include <cstring>

#include "model/kernels/packed_matmul/packed_matmul.h"

namespace pano::kernels {
namespace {

// What a tile works on: some rows of x and the sixteen rows of a panel.
struct PanelTile {
  const uint8_t* panel;
  size_t blocks;
  const uint8_t* codes;  // of its first row of x
  const float* scales;
  const uint32_t* sums;
  size_t k;
  const std::byte* prepared;  // by Kind::Prepare
  const uint8_t* next;        // panel to fetch into the cache meanwhile, or null
};
// The float sums, [row][16].
template <int kRows>
using Sums = float[kRows][kPanelWidth];

// Where eight-bit codes stand in a panel: with a scale a block and row, or one a row before all.
template <bool kBlockScales>
struct EightBitLayout {
  static constexpr size_t kHeader = kBlockScales ? 0 : 64;
  static constexpr size_t kCodes = kBlockScales ? tensor::kBlockScaleBytes : 0;  // in a block
  static constexpr size_t kBlock = kCodes + tensor::kEightBitBytes;
};

// A Kind is a packed type in one instruction set:
//   kMaxRows                 rows of x in the highest tile
//   kRowUnit                 rows of x that cost the same as one of them; 1 where it is left out
//   kPrepares                whether it has a Prepare
//   Prepare(panel, blocks, tiles, out)   what several tiles on one panel share (PackedScratchBytes)
//   Run<kRows, kPrepared>(tile, sums)   adds the products of kRows rows to sums that are zero

// Not inlined: the registers of one tile are its own.
template <typename Kind, int kRows, bool kPrepared>
[[gnu::noinline]] void RunTile(const PackedMatMulArgs& a, const PanelTile& tile, size_t m,
                               size_t n) {
  alignas(64) Sums<kRows> sums = {};
  Kind::template Run<kRows, kPrepared>(tile, sums);
  const size_t count = a.n - n < kPanelWidth ? a.n - n : kPanelWidth;
  for (size_t i = 0; i < kRows; ++i) {
    if (a.bias) {
      for (size_t j = 0; j < count; ++j) sums[i][j] += a.bias[n + j];
    }
    std::memcpy(a.y + (m + i) * a.n + n, sums[i], count * sizeof(float));
  }
}

template <typename Kind, bool kPrepared, int kRows = Kind::kMaxRows>
void RunRows(const PackedMatMulArgs& a, const PanelTile& tile, size_t rows, size_t m, size_t n) {
  if (rows == kRows) return RunTile<Kind, kRows, kPrepared>(a, tile, m, n);
  if constexpr (kRows > 1) RunRows<Kind, kPrepared, kRows - 1>(a, tile, rows, m, n);
}

template <typename Kind>
constexpr size_t RowUnit() {
  if constexpr (requires { Kind::kRowUnit; }) return Kind::kRowUnit;
  return 1;
}

template <typename Kind>
void RunPanels(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  const size_t panel_bytes = tensor::PanelBytes(a.w->dtype, a.k), blocks = a.k / 32;
  constexpr size_t kUnit = RowUnit<Kind>();
  const size_t tiles = (a.m + Kind::kMaxRows - 1) / Kind::kMaxRows;
  const size_t units = (a.m + kUnit - 1) / kUnit;
  auto row_of = [&](size_t t) { return t == tiles ? a.m : t * units / tiles * kUnit; };
  const auto* data = reinterpret_cast<const uint8_t*>(a.w->data);
  for (size_t panel = begin; panel < end; ++panel) {
    const uint8_t* p = data + panel * panel_bytes;
    if constexpr (Kind::kPrepares) {
      if (tiles > 1) Kind::Prepare(p, blocks, tiles, scratch);
    }
    for (size_t t = 0; t < tiles; ++t) {
      // Tiles of nearly equal height: six and two would waste what four and four do not.
      const size_t m = row_of(t), rows = row_of(t + 1) - m;
      PanelTile tile{
          p,       blocks, a.x.codes + m * a.k, a.x.scales + m * blocks, a.x.sums + m * blocks, a.k,
          scratch, nullptr};
      if (tiles > 1 && t + 1 == tiles && panel + 1 < end) tile.next = p + panel_bytes;
      if constexpr (Kind::kPrepares) {
        if (tiles > 1) {
          RunRows<Kind, true>(a, tile, rows, m, panel * kPanelWidth);
          continue;
        }
      }
      RunRows<Kind, false>(a, tile, rows, m, panel * kPanelWidth);
    }
  }
}

template <typename Kind>
void PackedMatMulOf(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  // So many rows of x stay in the second-level cache, beside a panel, while panels stream past.
  constexpr size_t kCachedCodes = size_t{256} << 10, kUnit = Kind::kMaxRows;
  const size_t fit = kCachedCodes / a.k / kUnit * kUnit, most = fit < 4 * kUnit ? 4 * kUnit : fit;
  const size_t parts = (a.m + most - 1) / most, blocks = a.k / 32;
  for (size_t part = 0; part < parts; ++part) {
    const size_t m = part * a.m / parts;
    PackedMatMulArgs rows = a;
    rows.m = (part + 1) * a.m / parts - m;
    rows.x = {a.x.codes + m * a.k, a.x.scales + m * blocks, a.x.sums + m * blocks};
    rows.y = a.y + m * a.n;
    RunPanels<Kind>(rows, begin, end, scratch);
  }
}

// The products of a set, whose kinds are named in the order of the packed types.
template <typename Q8_0, typename W8, typename Q4_0, typename Q4G, typename Q4_K, typename Q6_K>
PackedMatMulFn PackedMatMulByKind(tensor::DType packed) {
  switch (packed) {
    case tensor::DType::kQ8_0X16:
      return PackedMatMulOf<Q8_0>;
    case tensor::DType::kW8X16:
      return PackedMatMulOf<W8>;
    case tensor::DType::kQ4_0X16:
      return PackedMatMulOf<Q4_0>;
    case tensor::DType::kQ4GX16:
      return PackedMatMulOf<Q4G>;
    case tensor::DType::kQ4_KX16:
      return PackedMatMulOf<Q4_K>;
    default:
      return PackedMatMulOf<Q6_K>;
  }
}

}  // namespace
}  // namespace pano::kernels
