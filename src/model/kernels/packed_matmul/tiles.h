#pragma once

// Products of W8 and BF16 by a unit that multiplies whole tiles (simd/tiles_*.h), over the Lanes
// that the including file defines. Anonymous namespace: no symbol may stand in for one of another
// instruction set.
//
// Tiles of x are 16 rows of 64 bytes (packed_matmul.h), tiles of weights 64 bytes of the sixteen rows
// of a panel, which lie in a panel as the unit reads them. Two by two of them at a time, so that
// each is loaded for two products, and the four tiles of sums stay in the unit. Where rows are
// long, columns go in parts, so that those of two panels stay in the first-level cache while all
// groups of rows of x meet them; sums wait in between, which changes no bit: integers are exact,
// and floats are added one after the other either way.
#include <cstring>

#include "model/kernels/packed_matmul/packed_matmul.h"
#include "model/kernels/simd/lanes.h"
#include "model/kernels/simd/tiles_generic.h"

namespace pano::kernels {
namespace {

// One packed type: its elements, bytes before the first of them in a panel, and how 16 sums of a row
// of x become results.
struct TiledW8 {
  static constexpr TileElement kElement = TileElement::kInt8;
  static constexpr size_t kElementBytes = 1, kHeader = kPanelWidth * sizeof(float);

  // What goes for all rows of a panel.
  static Lanes Factors(const uint8_t* panel) { return Lanes::Load(reinterpret_cast<const float*>(panel)); }
  template <typename Unit>
  static Lanes Results(const QuantisedRows& x, size_t row, Lanes factors, const std::byte* sums) {
    return Unit::ToFloat(sums) * Lanes::Set(x.scales[row]) * factors;
  }
};
struct TiledBFloat {
  static constexpr TileElement kElement = TileElement::kBFloat;
  static constexpr size_t kElementBytes = 2, kHeader = 0;

  static Lanes Factors(const uint8_t*) { return Lanes::Zero(); }
  template <typename Unit>
  static Lanes Results(const QuantisedRows&, size_t, Lanes, const std::byte* sums) {
    return Lanes::Load(reinterpret_cast<const float*>(sums));
  }
};

// The panels [begin, end) of one product. Confined to one thread.
template <typename Unit, typename Type>
class TiledProduct {
 public:
  TiledProduct(const PackedMatMulArgs& a, std::byte* scratch)
      : a_(a),
        row_bytes_(TiledRowBytes(a.k * Type::kElementBytes)),
        panel_bytes_(tensor::PanelBytes(a.w->dtype, a.k)),
        tile_bytes_(TileHeight(a.m) * kTileRowBytes),
        group_bytes_(TileHeight(a.m) * row_bytes_),
        steps_(row_bytes_ / kTileRowBytes),
        parts_(a.m <= 2 * kTileRows || steps_ <= kMaxSteps ? 1
                                                           : (steps_ + kPartSteps - 1) / kPartSteps),
        partials_(scratch),
        results_(scratch + kGroupPairs * kChunkRows * 2 * kPanelWidth * sizeof(float)),
        edges_(results_ + kSums),
        unit_(TileHeight(a.m)) {}

  void Run(size_t begin, size_t end) {
    const size_t group = parts_ == 1 ? end - begin : 2 * kGroupPairs;
    for (chunk_ = 0; chunk_ < a_.m; chunk_ += kChunkRows) {
      chunk_rows_ = a_.m - chunk_ < kChunkRows ? a_.m - chunk_ : kChunkRows;
      for (size_t panel = begin; panel < end; panel += group) {
        RunGroup(panel, end - panel < group ? end : panel + group, end);
      }
    }
    WriteResults(ready_.rows);
  }

 private:
  static constexpr size_t kMaxSteps = 32, kPartSteps = 16;  // of 64 bytes of a row, in a part
  static constexpr size_t kChunkRows = 512;  // of x, which stay in the second-level cache
  static constexpr size_t kGroupPairs = 8;   // of panels, whose sums wait
  static constexpr size_t kSums = 4 * kTileBytes;
  static_assert((kGroupPairs * kChunkRows / (2 * kTileRows) + 1) * kSums + 2 * kTileBytes <=
                kTileScratchBytes);

  void RunGroup(size_t begin, size_t end, size_t all_end) {
    for (part_ = 0; part_ < parts_; ++part_) {
      for (size_t panel = begin, slot = 0; panel < end; panel += 2, ++slot) {
        next_ = panel + 2 < all_end ? Panel(panel + 2) : nullptr;
        if (end - panel >= 2) {
          RunPanels<2>(panel, slot);
        } else {
          RunPanels<1>(panel, slot);
        }
      }
    }
  }

  const uint8_t* Panel(size_t panel) const {
    return reinterpret_cast<const uint8_t*>(a_.w->data) + panel * panel_bytes_;
  }

  template <int kW>
  void RunPanels(size_t panel, size_t slot) {
    panel_ = panel;
    w_ = Panel(panel) + Type::kHeader;
    begin_ = part_ * steps_ / parts_, end_ = (part_ + 1) * steps_ / parts_;
    const size_t rest = a_.k * Type::kElementBytes % kTileRowBytes;
    edge_ = rest != 0 && part_ + 1 == parts_;
    if (edge_) {
      // The last tile, of which the panel has a part.
      --end_;
      for (size_t i = 0; i < kW; ++i) {
        std::memset(edges_ + i * kTileBytes, 0, kTileBytes);
        std::memcpy(edges_ + i * kTileBytes, w_ + i * panel_bytes_ + end_ * kTileBytes,
                    rest * kPanelWidth);
      }
      Unit::Fence();
    }
    const size_t groups = (chunk_rows_ + kTileRows - 1) / kTileRows;
    for (size_t group = 0; group < groups; group += 2) {
      std::byte* partial = partials_ + (slot * kChunkRows / (2 * kTileRows) + group / 2) * kSums;
      PrefetchShare(group, groups);
      if (groups - group >= 2) {
        RunTiles<2, kW>(group, partial);
      } else {
        RunTiles<1, kW>(group, partial);
      }
    }
  }

  // A share of the same part of the next two panels.
  void PrefetchShare(size_t group, size_t groups) const {
    if (!next_ || groups <= 2) return;
    const size_t lines = (end_ - begin_) * kTileRows, first = lines * group / groups,
                 last = lines * (group + 2 < groups ? group + 2 : groups) / groups;
    for (size_t i = 0; i < 2; ++i) {
      const uint8_t* p = next_ + i * panel_bytes_ + Type::kHeader + begin_ * kTileBytes;
      for (size_t line = first; line < last; ++line) __builtin_prefetch(p + line * 64, 0, 2);
    }
  }

  // Two groups of rows of x, or one, by two panels or one.
  template <int kX, int kW>
  void RunTiles(size_t group, std::byte* partial) {
    const uint8_t* x = a_.x.codes + chunk_ * row_bytes_ + group * group_bytes_;
    const size_t m = chunk_ + group * kTileRows, left = chunk_ + chunk_rows_ - m,
                 rows = left < kX * kTileRows ? left : kX * kTileRows;
    const bool last = part_ + 1 == parts_;
    if (part_ == 0) {
      unit_.template Zero<kX, kW>();
    } else {
      unit_.template Load<kX, kW>(partial);
    }
    const size_t steps = end_ - begin_ + (edge_ ? 1 : 0);
    // The results before these are written meanwhile, a few rows a step: in one go their stores would
    // hold up the tiles that are loaded next.
    const size_t share = (ready_.rows + steps - 1) / steps;
    // Copies of members, which the compiler would load again after each use of the unit.
    const size_t x_step = tile_bytes_, x_next = group_bytes_, w_next = panel_bytes_;
    const uint8_t *next_x = x + begin_ * x_step, *next_w = w_ + begin_ * kTileBytes;
    for (size_t step = begin_; step < end_; ++step) {
      unit_.template MultiplyAdd<Type::kElement, kX, kW>(next_x, x_next, next_w, w_next);
      next_x += x_step;
      next_w += kTileBytes;
      WriteResults(share);
    }
    if (edge_) {
      unit_.template MultiplyAdd<Type::kElement, kX, kW>(
          x + end_ * tile_bytes_, group_bytes_, reinterpret_cast<const uint8_t*>(edges_),
          kTileBytes);
    }
    if (!last) return unit_.template Store<kX, kW>(partial);
    WriteResults(ready_.rows);
    unit_.template Store<kX, kW>(results_);
    ready_ = {results_, m, rows, panel_, kW};
  }

  // Sums that are whole, [tile of x][tile of w], of rows [m, m + rows) by so many panels; `row` of
  // these are written.
  struct Ready {
    const std::byte* sums = nullptr;
    size_t m = 0, rows = 0, panel = 0, panels = 0, row = 0;
  };
  // Of the next `count` rows.
  void WriteResults(size_t count) {
    const size_t end = ready_.row + count < ready_.rows ? ready_.row + count : ready_.rows;
    if (ready_.row == end) return;
    for (size_t i = 0; i < ready_.panels; ++i) WriteColumns(ready_.panel + i, ready_.sums + i * kTileBytes, end);
    ready_.row = end;
  }
  // Rows up to `end` of sixteen columns.
  void WriteColumns(size_t panel, const std::byte* sums, size_t end) const {
    const size_t n = panel * kPanelWidth, stride = a_.n, tile_bytes = ready_.panels * kTileBytes;
    const Lanes factors = Type::Factors(Panel(panel));
    const QuantisedRows x = a_.x;
    float* y = a_.y + ready_.m * stride + n;
    const auto results = [&](size_t row) {
      return Type::template Results<Unit>(x, ready_.m + row, factors,
                                          sums + row / kTileRows * tile_bytes + row % kTileRows * kTileRowBytes);
    };
    if (stride - n < kPanelWidth) {
      for (size_t row = ready_.row; row < end; ++row) {
        float edge[kPanelWidth];
        results(row).Store(edge);
        for (size_t j = 0; j < stride - n; ++j) y[row * stride + j] = a_.bias ? edge[j] + a_.bias[n + j] : edge[j];
      }
    } else if (a_.bias) {
      const Lanes bias = Lanes::Load(a_.bias + n);
      for (size_t row = ready_.row; row < end; ++row) (results(row) + bias).Store(y + row * stride);
    } else {
      for (size_t row = ready_.row; row < end; ++row) results(row).Store(y + row * stride);
    }
  }

  const PackedMatMulArgs& a_;
  const size_t row_bytes_;    // of x
  const size_t panel_bytes_;  // of w
  const size_t tile_bytes_;   // of x
  const size_t group_bytes_;  // of the rows of a tile of x
  const size_t steps_;        // of 64 bytes of a row
  const size_t parts_;        // that the steps are cut into
  std::byte* const partials_;  // [pair of panels][two groups][sums]
  std::byte* const results_;   // sums that are whole
  std::byte* const edges_;     // last tiles of two panels
  Unit unit_;

  size_t chunk_ = 0, chunk_rows_ = 0;  // rows of x in work
  size_t part_ = 0;
  size_t panel_ = 0;
  const uint8_t *w_ = nullptr, *next_ = nullptr;
  size_t begin_ = 0, end_ = 0;  // whole steps of the part
  bool edge_ = false;           // whether one more follows
  Ready ready_;
};

template <typename Unit, typename Type>
void TileMatMul(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  TiledProduct<Unit, Type>(a, scratch).Run(begin, end);
}

}  // namespace
}  // namespace pano::kernels
