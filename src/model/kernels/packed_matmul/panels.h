#pragma once

// How tiles go through a packed matrix, for the file of one instruction set, which brings the
// tiles. Anonymous namespace: no symbol may stand in for one of another instruction set.
#include <cstring>

#include "model/kernels/packed_matmul/packed_matmul.h"

namespace pano::kernels {
namespace {

// What a tile works on: some rows of x and the sixteen rows of a panel, or of two.
struct PanelTile {
  const uint8_t* panel;
  size_t panel_bytes;  // to the second panel
  size_t blocks;
  const uint8_t* codes;  // of its first row of x
  const float* scales;
  const uint32_t* sums;
  size_t k;
  const std::byte* prepared;  // by Kind::Prepare
  const uint8_t* next;        // panel to fetch into the cache meanwhile, or null
};

// Blocks ahead of the one in work that are fetched where weights come from memory: some 4 KB, which
// is what a core has on its way at a time.
inline constexpr size_t kAhead = 8;
// Brings what is needed soon into the cache while `block` is in work: the next panel, or blocks
// ahead.
inline void FetchAhead(const PanelTile& t, const uint8_t* block, size_t ahead, size_t bytes) {
  const uint8_t* from = t.next ? t.next + (block - t.panel) : block + ahead * bytes;
  for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(from + i);
}

// The float sums, [panel][row][16].
template <int kRows, int kPanels = 1>
using Sums = float[kPanels * kRows][kPanelWidth];

// A 32-bit number a block and row of a panel.
inline size_t PreparedBytes(size_t blocks) { return blocks * kPanelWidth * sizeof(int32_t); }

// Where eight-bit codes stand in a panel: with a scale a block and row, or one a row before all.
template <bool kBlockScales>
struct EightBitLayout {
  static constexpr size_t kHeader = kBlockScales ? 0 : 64;
  static constexpr size_t kCodes = kBlockScales ? tensor::kBlockScaleBytes : 0;  // in a block
  static constexpr size_t kBlock = kCodes + tensor::kEightBitBytes;
};

// A Kind is a packed type in one instruction set:
//   kMaxRows                 rows of x in the highest tile on one panel; half of it on two
//   kRowUnit                 rows of x that cost the same as one of them; 1 where it is left out
//   kMaxPanels               panels that one tile can work on; 1 where it is left out
//   kPrepares                whether it has a Prepare
//   Prepare(panel, blocks, tiles, out)   what several tiles on one panel share (PackedScratchBytes;
//                            of two panels each has PreparedBytes)
//   Run<kRows, kPrepared[, kPanels]>(tile, sums)   adds the products of kRows rows to sums that are
//                            zero; kPanels where kMaxPanels is not 1

// Not inlined: the registers of one tile are its own.
template <typename Kind, int kRows, bool kPrepared, int kPanels>
[[gnu::noinline]] void RunTile(const PackedMatMulArgs& a, const PanelTile& tile, size_t m,
                               size_t n) {
  alignas(64) Sums<kRows, kPanels> sums = {};
  if constexpr (kPanels == 1) {
    Kind::template Run<kRows, kPrepared>(tile, sums);
  } else {
    Kind::template Run<kRows, kPrepared, kPanels>(tile, sums);
  }
  for (size_t panel = 0; panel < kPanels; ++panel, n += kPanelWidth) {
    const size_t count = a.n - n < kPanelWidth ? a.n - n : kPanelWidth;
    for (size_t i = 0; i < kRows; ++i) {
      float* sum = sums[panel * kRows + i];
      if (a.bias) {
        for (size_t j = 0; j < count; ++j) sum[j] += a.bias[n + j];
      }
      float* y = a.y + (m + i) * a.n + n;
      if (count == kPanelWidth) {
        std::memcpy(y, sum, sizeof(float[kPanelWidth]));  // no call
      } else {
        std::memcpy(y, sum, count * sizeof(float));
      }
    }
  }
}

// Rows of x from which on two panels go together: fewer wait for memory, which is fastest as one
// stream.
inline constexpr size_t kPairsFrom = 48;

template <typename Kind, bool kPrepared, int kPanels, int kRows = Kind::kMaxRows / kPanels>
void RunRows(const PackedMatMulArgs& a, const PanelTile& tile, size_t rows, size_t m, size_t n) {
  if (rows == kRows) return RunTile<Kind, kRows, kPrepared, kPanels>(a, tile, m, n);
  // So many rows make tiles of the most rows and of one less.
  constexpr size_t kMost = Kind::kMaxRows / kPanels;
  static_assert(kPanels == 1 || kPairsFrom >= kMost * (kMost - 1));
  constexpr int kLeast = kPanels == 1 ? 1 : kMost - 1;
  if constexpr (kRows > kLeast) RunRows<Kind, kPrepared, kPanels, kRows - 1>(a, tile, rows, m, n);
}

template <typename Kind>
constexpr size_t RowUnit() {
  if constexpr (requires { Kind::kRowUnit; }) return Kind::kRowUnit;
  return 1;
}
template <typename Kind>
constexpr int MaxPanels() {
  if constexpr (requires { Kind::kMaxPanels; }) return Kind::kMaxPanels;
  return 1;
}

// Fetches part `part` of `parts` of some bytes into the cache.
inline void Fetch(const uint8_t* from, size_t part, size_t parts, size_t bytes) {
  const size_t lines = (bytes + 63) / 64;
  for (size_t i = part * lines / parts; i < (part + 1) * lines / parts; ++i) {
    __builtin_prefetch(from + i * 64);
  }
}

// All rows of x by the kPanels panels from `panel` on; more panels follow up to `end`.
template <typename Kind, int kPanels>
void RunPanel(const PackedMatMulArgs& a, size_t panel, size_t end, std::byte* scratch) {
  const size_t panel_bytes = tensor::PanelBytes(a.w->dtype, a.k), blocks = a.k / 32;
  constexpr size_t kUnit = RowUnit<Kind>();
  constexpr int kMostRows = Kind::kMaxRows / kPanels;
  const size_t tiles = (a.m + kMostRows - 1) / kMostRows;
  const size_t units = (a.m + kUnit - 1) / kUnit;
  auto row_of = [&](size_t t) { return t == tiles ? a.m : t * units / tiles * kUnit; };
  const uint8_t* p = reinterpret_cast<const uint8_t*>(a.w->data) + panel * panel_bytes;
  if constexpr (Kind::kPrepares) {
    for (size_t i = 0; tiles > 1 && i < kPanels; ++i) {
      Kind::Prepare(p + i * panel_bytes, blocks, tiles, scratch + i * PreparedBytes(blocks));
    }
  }
  const uint8_t* next = panel + kPanels < end ? p + kPanels * panel_bytes : nullptr;
  for (size_t t = 0; t < tiles; ++t) {
    // Tiles of nearly equal height: six and two would waste what four and four do not.
    const size_t m = row_of(t), rows = row_of(t + 1) - m, n = panel * kPanelWidth;
    // A panel alone: the last tile fetches the next one. Two: every tile its share of the next two.
    if (kPanels > 1 && next) Fetch(next, t, tiles, kPanels * panel_bytes);
    const PanelTile tile{p,
                         panel_bytes,
                         blocks,
                         a.x.codes + m * a.k,
                         a.x.scales + m * blocks,
                         a.x.sums + m * blocks,
                         a.k,
                         scratch,
                         kPanels == 1 && tiles > 1 && t + 1 == tiles ? next : nullptr};
    if constexpr (Kind::kPrepares) {
      if (tiles > 1) {
        RunRows<Kind, true, kPanels>(a, tile, rows, m, n);
        continue;
      }
    }
    RunRows<Kind, false, kPanels>(a, tile, rows, m, n);
  }
}

template <typename Kind>
void RunPanels(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  constexpr int kPanels = MaxPanels<Kind>();
  size_t panel = begin;
  if constexpr (kPanels > 1) {
    for (; a.m >= kPairsFrom && end - panel >= kPanels; panel += kPanels)
      RunPanel<Kind, kPanels>(a, panel, end, scratch);
  }
  for (; panel < end; ++panel) RunPanel<Kind, 1>(a, panel, end, scratch);
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
