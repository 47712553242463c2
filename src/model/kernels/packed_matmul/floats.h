#pragma once

// Products with packed floats over Lanes, for the file that defines Lanes (simd/lanes_*.h, included
// first): a row of the panel's column is one Lanes, and every sum is one chain over the columns.
#include <cstring>
#include <type_traits>

#include "model/kernels/packed_matmul/packed_matmul.h"
#include "model/kernels/simd/lanes.h"

namespace pano::kernels {
namespace {

inline constexpr size_t kPanel = tensor::kPanelRows;

// A column of a panel.
struct ColumnF32 {
  using Element = float;
  static Lanes Load(const float* p) { return Lanes::Load(p); }
};
struct ColumnF16 {
  using Element = uint16_t;
  static Lanes Load(const uint16_t* p) { return Lanes::LoadHalf(p); }
};
struct ColumnBF16 {
  using Element = uint16_t;
  static Lanes Load(const uint16_t* p) { return Lanes::LoadBFloat(p); }
};

// Some columns of a panel, and the rows of x and y that meet them.
template <typename Column>
struct FloatTile {
  const typename Column::Element* w;  // [columns][16]
  size_t columns;
  const float* x;  // [columns][row]
  float* y;        // [row][16], `y_stride` apart
  size_t y_stride;
};

// y += x w for kRows rows, or = where kFresh.
template <typename Column, int kRows, bool kFresh>
void MultiplyTile(const FloatTile<Column> t) {
  constexpr size_t kAheadBytes = 2048;  // weights that come from memory are asked for so early
  constexpr size_t kAheadColumns = kAheadBytes / (kPanel * sizeof(typename Column::Element));
  Lanes sum[kRows];
  for (size_t i = 0; i < kRows; ++i) {
    sum[i] = kFresh ? Lanes::Zero() : Lanes::Load(t.y + i * t.y_stride);
  }
  for (size_t k = 0; k < t.columns; ++k) {
    const typename Column::Element* column = t.w + k * kPanel;
    __builtin_prefetch(column + kAheadColumns * kPanel);
    const Lanes w = Column::Load(column);
    for (size_t i = 0; i < kRows; ++i) {
      sum[i] = Lanes::MulAdd(Lanes::Set(t.x[k * kRows + i]), w, sum[i]);
    }
  }
  for (size_t i = 0; i < kRows; ++i) sum[i].Store(t.y + i * t.y_stride);
}

template <typename Column, bool kFresh, int kRows = kFloatTileRows>
void MultiplyRowsOf(const FloatTile<Column>& t, size_t rows) {
  if (rows == kRows) return MultiplyTile<Column, kRows, kFresh>(t);
  if constexpr (kRows > 1) MultiplyRowsOf<Column, kFresh, kRows - 1>(t, rows);
}

template <typename Column>
void MultiplyColumns(const FloatTile<Column>& t, size_t rows, bool fresh) {
  return fresh ? MultiplyRowsOf<Column, true>(t, rows) : MultiplyRowsOf<Column, false>(t, rows);
}

// Tiles [begin, end) of x against one panel; y: of the first row. Columns go in blocks that stay in
// the first-level cache while the tiles pass.
template <typename Column>
void FloatPanel(const PackedMatMulArgs& a, const typename Column::Element* panel, size_t begin,
                size_t end, float* y, size_t y_stride, std::byte* scratch) {
  constexpr bool kIsWide = std::is_same_v<Column, ColumnF32>;
  // With one tile every weight is widened once anyhow.
  const bool widen = !kIsWide && end - begin > 1;
  auto* wide = reinterpret_cast<float*>(scratch);
  const size_t first = FloatTileBegin(begin, a.m);
  for (size_t k = 0; k < a.k; k += kFloatBlock) {
    const size_t columns = a.k - k < kFloatBlock ? a.k - k : kFloatBlock;
    const typename Column::Element* w = panel + k * kPanel;
    if (widen) {
      for (size_t i = 0; i < columns; ++i) Column::Load(w + i * kPanel).Store(wide + i * kPanel);
    }
    for (size_t t = begin; t < end; ++t) {
      const size_t m = FloatTileBegin(t, a.m), rows = FloatTileBegin(t + 1, a.m) - m;
      const float* x = a.floats + m * a.k + k * rows;
      float* to = y + (m - first) * y_stride;
      if (widen) {
        MultiplyColumns<ColumnF32>({wide, columns, x, to, y_stride}, rows, k == 0);
      } else {
        MultiplyColumns<Column>({w, columns, x, to, y_stride}, rows, k == 0);
      }
    }
  }
}

template <typename Column>
void PackedFloats(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  // So many tiles stay in the second-level cache while panels stream past.
  constexpr size_t kCachedFloats = size_t{64} << 10, kMostTiles = 32;
  const size_t fit = kCachedFloats / (a.k * kFloatTileRows), tiles = FloatTileCount(a.m);
  const size_t part = fit < 4 ? 4 : fit > kMostTiles ? kMostTiles : fit;
  const auto* data = reinterpret_cast<const typename Column::Element*>(a.w->data);
  for (size_t t = 0; t < tiles; t += part) {
    const size_t t_end = tiles - t < part ? tiles : t + part;
    const size_t m = FloatTileBegin(t, a.m), rows = FloatTileBegin(t_end, a.m) - m;
    for (size_t panel = begin; panel < end; ++panel) {
      const size_t n = panel * kPanel, count = a.n - n < kPanel ? a.n - n : kPanel;
      float* y = a.y + m * a.n + n;
      float edge[kMostTiles * kFloatTileRows][kPanel];
      const bool whole = count == kPanel;
      FloatPanel<Column>(a, data + panel * a.k * kPanel, t, t_end, whole ? y : edge[0],
                         whole ? a.n : kPanel, scratch);
      for (size_t i = 0; i < rows; ++i) {
        if (!whole) std::memcpy(y + i * a.n, edge[i], count * sizeof(float));
        for (size_t j = 0; a.bias && j < count; ++j) y[i * a.n + j] += a.bias[n + j];
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
