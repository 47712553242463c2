#pragma once

// Products with packed floats (F32, F16, BF16) over Lanes, for the file that defines Lanes
// (simd/lanes_*.h, included first). A panel stores its sixteen rows column by column, so one Lanes
// is a column; a tile of up to six rows of x broadcasts x[row][k] and takes one multiply-add a row
// and column. Every sum is one chain over the columns in ascending order. Columns go in blocks that
// stay in the first-level cache while all tiles of a pass use them; partial sums wait in between.
#include <cstring>
#include <type_traits>

#include "model/kernels/packed_matmul/packed_matmul.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

// A column of a panel.
struct ColumnF32 {
  using Element = float;
  static Lanes Load(const float* panel, size_t k) { return Lanes::Load(panel + k * kPanelWidth); }
};
struct ColumnF16 {
  using Element = uint16_t;
  static Lanes Load(const uint16_t* panel, size_t k) {
    return Lanes::LoadHalf(panel + k * kPanelWidth);
  }
};
struct ColumnBF16 {  // two columns side by side
  using Element = uint16_t;
  static Lanes Load(const uint16_t* panel, size_t k) {
    const uint16_t* pair = panel + k / 2 * 2 * kPanelWidth;
    return k % 2 ? Lanes::LoadOddBFloats(pair) : Lanes::LoadEvenBFloats(pair);
  }
};

// Panels that a tile multiplies at a time; several halve the reads of x.
inline constexpr int kFloatPanels = Lanes::kVectorsPerTile;

// Some columns of one panel or of several side by side, and the rows of x that meet them:
// to = from + x w, plus a bias.
template <typename Column>
struct FloatTile {
  const typename Column::Element* w;  // [columns][16]
  size_t panel;                       // elements from one panel to the next
  size_t columns;
  const float* x;     // [columns][row]
  const float* from;  // [row][panel][16] of the columns before, or null: zeros
  const float* bias;  // [panel][16] or null
  float* to;          // [row][panel][16], rows `stride` apart
  size_t stride;
};

// Two tiles of neighbouring rows go together where the registers hold the sums of both: weights are read
// half as often.
inline constexpr bool kFloatPairs = kFloatPanels > 1;

// A tile of kFirst rows, and of kSecond rows (0: none) those of the next one, whose x is `second`. Every
// sum is the same chain of multiply-adds, whichever tiles go together. `ahead` is where weights lie that
// are needed later, to be asked for meanwhile.
template <typename Column, int kFirst, int kSecond, int kPanels>
[[gnu::noinline]] void MultiplyTile(const FloatTile<Column>& tile, const float* second,
                                    const typename Column::Element* ahead) {
  // Field by field: a copy in pieces of another size would wait for the stores that built it.
  const auto* const weights = tile.w;
  const float *const x = tile.x, *const from = tile.from, *const bias = tile.bias;
  float* const to = tile.to;
  const size_t columns = tile.columns, stride = tile.stride, panel = tile.panel;
  constexpr int kRows = kFirst + kSecond;
  Lanes sum[kRows][kPanels];
  for (size_t i = 0; i < kRows; ++i) {
    for (size_t p = 0; p < kPanels; ++p) {
      sum[i][p] = from ? Lanes::Load(from + (i * kPanels + p) * kPanelWidth) : Lanes::Zero();
    }
  }
  for (size_t k = 0; k < columns; ++k) {
    Lanes w[kPanels];
    for (size_t p = 0; p < kPanels; ++p) {
      // What a pair asks for is a whole block away: the second-level cache is near enough.
      __builtin_prefetch(ahead + p * panel + k * kPanelWidth, 0, kSecond > 0 ? 2 : 3);
      w[p] = Column::Load(weights + p * panel, k);
    }
    for (size_t i = 0; i < kRows; ++i) {
      const Lanes one = Lanes::Set(i < kFirst ? x[k * kFirst + i] : second[k * kSecond + i - kFirst]);
      for (size_t p = 0; p < kPanels; ++p) sum[i][p] = Lanes::MulAdd(one, w[p], sum[i][p]);
    }
  }
  for (size_t i = 0; i < kRows; ++i) {
    for (size_t p = 0; p < kPanels; ++p) {
      if (bias) sum[i][p] = sum[i][p] + Lanes::Load(bias + p * kPanelWidth);
      sum[i][p].Store(to + i * stride + p * kPanelWidth);
    }
  }
}

// Whether two tiles of so many rows went together. Tiles of one product differ by a row at most.
template <int kPanels>
bool MultiplyPairOf(const FloatTile<ColumnF32>& tile, size_t first, const float* second_x, size_t second,
                    const float* ahead) {
  constexpr int kMost = kFloatTileRows, kLess = kMost - 1;
  auto is = [&](int a, int b) { return first == static_cast<size_t>(a) && second == static_cast<size_t>(b); };
  if (is(kMost, kMost)) {
    MultiplyTile<ColumnF32, kMost, kMost, kPanels>(tile, second_x, ahead);
  } else if (is(kMost, kLess)) {
    MultiplyTile<ColumnF32, kMost, kLess, kPanels>(tile, second_x, ahead);
  } else if (is(kLess, kMost)) {
    MultiplyTile<ColumnF32, kLess, kMost, kPanels>(tile, second_x, ahead);
  } else if (is(kLess, kLess)) {
    MultiplyTile<ColumnF32, kLess, kLess, kPanels>(tile, second_x, ahead);
  } else {
    return false;
  }
  return true;
}

template <typename Column, int kPanels, int kRows = kFloatTileRows>
void MultiplyRowsOf(const FloatTile<Column>& t, size_t rows) {
  constexpr size_t kAheadBytes = 2048;  // weights that come from memory are asked for so early
  if (rows == kRows) {
    return MultiplyTile<Column, kRows, 0, kPanels>(t, nullptr, t.w + kAheadBytes / sizeof(typename Column::Element));
  }
  if constexpr (kRows > 1) MultiplyRowsOf<Column, kPanels, kRows - 1>(t, rows);
}

inline constexpr size_t kMaxFloatTiles = 32;  // of one pass through a panel

// Where the results of panels go.
struct FloatResults {
  float* y;  // of the first row, `stride` apart
  size_t stride;
  const float* bias;  // [panel][16] or null
};

// The tiles of one pass: tile i has rows [begin[i], begin[i + 1]) of x.
struct FloatTiles {
  size_t count;
  size_t begin[kMaxFloatTiles + 1];

  FloatTiles(size_t first, size_t end, size_t m) : count(end - first) {
    for (size_t i = 0; i <= count; ++i) begin[i] = FloatTileBegin(first + i, m);
  }
  size_t rows() const { return begin[count] - begin[0]; }
};

// One pass of the tiles over kPanels panels, block of columns by block of columns. Partial sums
// wait in a contiguous array, as the rows of y lie too far apart for the first-level cache.
template <typename Column, int kPanels>
void FloatPass(const PackedMatMulArgs& a, const typename Column::Element* panels,
               const FloatTiles& tiles, const FloatResults& results, std::byte* scratch) {
  constexpr bool kIsF32 = std::is_same_v<Column, ColumnF32>;
  constexpr size_t kBlock = kFloatPairs ? kFloatBlock : kFloatBlock / kPanels, kWidth = kPanels * kPanelWidth;
  // With one tile every weight is converted to F32 once in any case.
  const bool convert = !kIsF32 && tiles.count > 1;
  auto* converted = reinterpret_cast<float*>(scratch);
  const size_t panel = a.k * kPanelWidth, converted_panel = kBlock * kPanelWidth;
  float sums[kMaxFloatTiles * kFloatTileRows][kWidth];
  for (size_t k = 0; k < a.k; k += kBlock) {
    const size_t columns = a.k - k < kBlock ? a.k - k : kBlock;
    const bool last = k + columns == a.k;
    const typename Column::Element* w = panels + k * kPanelWidth;
    for (size_t p = 0; convert && p < kPanels; ++p) {
      for (size_t i = 0; i < columns; ++i) {
        Column::Load(w + p * panel, i).Store(converted + p * converted_panel + i * kPanelWidth);
      }
    }
    for (size_t t = 0; t < tiles.count; ++t) {
      const size_t m = tiles.begin[t], row = m - tiles.begin[0], rows = tiles.begin[t + 1] - m;
      const float* x = a.floats + m * a.k + k * rows;
      float* partial = sums[row];
      const float* from = k == 0 ? nullptr : partial;
      const float* bias = last ? results.bias : nullptr;
      float* to = last ? results.y + row * results.stride : partial;
      const size_t stride = last ? results.stride : kWidth;
      if constexpr (kFloatPairs && kPanels == kFloatPanels) {
        if (t + 1 < tiles.count && (kIsF32 || convert)) {
          const size_t next = tiles.begin[t + 1], next_rows = tiles.begin[t + 2] - next;
          const FloatTile<ColumnF32> pair = {
              convert ? converted : reinterpret_cast<const float*>(w), convert ? converted_panel : panel,
              columns, x, from, bias, to, stride};
          const bool asks = t == 0 && !convert;
          const auto* ahead = !asks ? pair.w
                              : reinterpret_cast<const float*>(last ? panels + kPanels * panel : w + columns * kPanelWidth);
          const float* next_x = a.floats + next * a.k + k * next_rows;
          if (MultiplyPairOf<kPanels>(pair, rows, next_x, next_rows, ahead)) {
            ++t;
            continue;
          }
        }
      }
      if (convert) {
        MultiplyRowsOf<ColumnF32, kPanels>(
            {converted, converted_panel, columns, x, from, bias, to, stride}, rows);
      } else {
        MultiplyRowsOf<Column, kPanels>({w, panel, columns, x, from, bias, to, stride}, rows);
      }
    }
  }
}

template <typename Column>
void PackedFloats(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  // As many tiles as stay in the second-level cache while the panels stream through.
  // Machines with wide registers have a megabyte of it or more.
  constexpr size_t kCachedFloats = size_t{kFloatPairs ? 160 : 64} << 10;
  const size_t fit = kCachedFloats / (a.k * kFloatTileRows), tiles = FloatTileCount(a.m);
  const size_t part = fit < 4 ? 4 : fit > kMaxFloatTiles ? kMaxFloatTiles : fit;
  const auto* data = reinterpret_cast<const typename Column::Element*>(a.w->data);
  for (size_t t = 0; t < tiles; t += part) {
    const FloatTiles pass(t, tiles - t < part ? tiles : t + part, a.m);
    for (size_t panel = begin; panel < end;) {
      const size_t n = panel * kPanelWidth, count = a.n - n;
      float* y = a.y + pass.begin[0] * a.n + n;
      const typename Column::Element* w = data + panel * a.k * kPanelWidth;
      const FloatResults results{y, a.n, a.bias ? a.bias + n : nullptr};
      // A product of few rows is bound by memory, which is read fastest as one stream.
      if (kFloatPanels > 1 && pass.count > 1 && end - panel >= kFloatPanels &&
          count >= kFloatPanels * kPanelWidth) {
        FloatPass<Column, kFloatPanels>(a, w, pass, results, scratch);
        panel += kFloatPanels;
        continue;
      }
      ++panel;
      if (count >= kPanelWidth) {
        FloatPass<Column, 1>(a, w, pass, results, scratch);
        continue;
      }
      float edge[kMaxFloatTiles * kFloatTileRows][kPanelWidth], bias[kPanelWidth] = {};
      if (a.bias) std::memcpy(bias, a.bias + n, count * sizeof(float));
      FloatPass<Column, 1>(a, w, pass, {edge[0], kPanelWidth, a.bias ? bias : nullptr}, scratch);
      for (size_t i = 0; i < pass.rows(); ++i) {
        std::memcpy(y + i * a.n, edge[i], count * sizeof(float));
      }
    }
  }
}

inline PackedMatMulFn PackedFloatsFor(tensor::DType packed) {
  switch (packed) {
    case tensor::DType::kF32X16:
      return PackedFloats<ColumnF32>;
    case tensor::DType::kF16X16:
      return PackedFloats<ColumnF16>;
    default:
      return PackedFloats<ColumnBF16>;
  }
}

}  // namespace
}  // namespace pano::kernels
