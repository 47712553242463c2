#pragma once

// The loops around the micro-kernels of one instruction set (the structure of Goto and van de
// Geijn, "Anatomy of high-performance matrix multiplication", 2008). Rows of x that fit the
// second-level cache, then the panels of w, then tiles of rows of about equal height; while a tile
// is computed, the weights that come next are prefetched. The including file brings the
// micro-kernels. Anonymous namespace: no symbol may stand in for one of another instruction set.
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
  const std::byte* prepared;  // by Kernel::Prepare
  const uint8_t* next;        // panel to prefetch meanwhile, or null
};

// Prefetch distance in blocks where weights come from memory: about 4 KB, what the line-fill
// buffers of a core hold at a time.
inline constexpr size_t kPrefetchBlocks = 8;
// Prefetches what is needed soon while `block` is multiplied: the same place of the next panel, or
// `ahead` blocks further on.
inline void PrefetchAhead(const PanelTile& t, const uint8_t* block, size_t ahead, size_t bytes) {
  const uint8_t* from = t.next ? t.next + (block - t.panel) : block + ahead * bytes;
  for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(from + i);
}

// The float sums, [panel][row][16].
template <int kRows, int kPanels = 1>
using Sums = float[kPanels * kRows][kPanelWidth];

// A 32-bit number a block and row of a panel.
inline size_t PreparedBytes(size_t blocks) { return blocks * kPanelWidth * sizeof(int32_t); }

// A Kernel is the micro-kernel of one packed type in one instruction set:
//   kMaxRows                 rows of x in the highest tile on one panel; half of it on two
//   kRowGranularity          rows of x that cost the same as one of them; 1 where it is left out
//   kMaxPanels               panels that one tile can work on; 1 where it is left out
//   kPrepares                whether it has a Prepare
//   kRowScales               whether x has a scale a row, not a block; false where it is left out
//   Prepare(panel, blocks, tiles, out)   what several tiles on one panel share (PackedScratchBytes;
//                            of two panels each has PreparedBytes)
//   Run<kRows, kPrepared[, kPanels]>(tile, sums)   adds the products of kRows rows to sums that are
//                            zero; kPanels where kMaxPanels is not 1

// Not inlined: the registers of one tile are its own.
template <typename Kernel, int kRows, bool kPrepared, int kPanels>
[[gnu::noinline]] void RunTile(const PackedMatMulArgs& a, const PanelTile& tile, size_t m,
                               size_t n) {
  alignas(64) Sums<kRows, kPanels> sums = {};
  if constexpr (kPanels == 1) {
    Kernel::template Run<kRows, kPrepared>(tile, sums);
  } else {
    Kernel::template Run<kRows, kPrepared, kPanels>(tile, sums);
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

// From this many rows of x on, two panels are multiplied at a time. With fewer the product is bound
// by memory, which is read fastest as one stream.
inline constexpr size_t kTwoPanelsMinRows = 48;

template <typename Kernel, bool kPrepared, int kPanels, int kRows = Kernel::kMaxRows / kPanels>
void RunRows(const PackedMatMulArgs& a, const PanelTile& tile, size_t rows, size_t m, size_t n) {
  if (rows == kRows) return RunTile<Kernel, kRows, kPrepared, kPanels>(a, tile, m, n);
  // With so many rows, tiles differ in height by one at most.
  constexpr size_t kTallest = Kernel::kMaxRows / kPanels;
  static_assert(kPanels == 1 || kTwoPanelsMinRows >= kTallest * (kTallest - 1));
  constexpr int kShortest = kPanels == 1 ? 1 : kTallest - 1;
  if constexpr (kRows > kShortest)
    RunRows<Kernel, kPrepared, kPanels, kRows - 1>(a, tile, rows, m, n);
}

template <typename Kernel>
constexpr size_t RowGranularity() {
  if constexpr (requires { Kernel::kRowGranularity; }) return Kernel::kRowGranularity;
  return 1;
}
template <typename Kernel>
constexpr int MaxPanels() {
  if constexpr (requires { Kernel::kMaxPanels; }) return Kernel::kMaxPanels;
  return 1;
}

// Scales of a row of x.
template <typename Kernel>
constexpr size_t ScalesOf(size_t blocks) {
  if constexpr (requires { Kernel::kRowScales; }) return 1;
  return blocks;
}

// Prefetches part `part` of `parts` of some bytes.
inline void Prefetch(const uint8_t* from, size_t part, size_t parts, size_t bytes) {
  const size_t lines = (bytes + 63) / 64;
  for (size_t i = part * lines / parts; i < (part + 1) * lines / parts; ++i) {
    __builtin_prefetch(from + i * 64);
  }
}

// All rows of x by the kPanels panels from `panel` on; more panels follow up to `end`.
template <typename Kernel, int kPanels>
void RunPanel(const PackedMatMulArgs& a, size_t panel, size_t end, std::byte* scratch) {
  const size_t panel_bytes = tensor::PanelBytes(a.w->dtype, a.k), blocks = a.k / 32;
  constexpr size_t kUnit = RowGranularity<Kernel>();
  constexpr int kMaxTileRows = Kernel::kMaxRows / kPanels;
  const size_t tiles = (a.m + kMaxTileRows - 1) / kMaxTileRows;
  const size_t units = (a.m + kUnit - 1) / kUnit;
  auto row_of = [&](size_t t) { return t == tiles ? a.m : t * units / tiles * kUnit; };
  const uint8_t* p = reinterpret_cast<const uint8_t*>(a.w->data) + panel * panel_bytes;
  if constexpr (Kernel::kPrepares) {
    for (size_t i = 0; tiles > 1 && i < kPanels; ++i) {
      Kernel::Prepare(p + i * panel_bytes, blocks, tiles, scratch + i * PreparedBytes(blocks));
    }
  }
  const uint8_t* next = panel + kPanels < end ? p + kPanels * panel_bytes : nullptr;
  for (size_t t = 0; t < tiles; ++t) {
    // Tiles of nearly equal height: six and two would waste what four and four do not.
    const size_t m = row_of(t), rows = row_of(t + 1) - m, n = panel * kPanelWidth;
    // One panel: the last tile prefetches the next one. Two: every tile a share of the next two.
    if (kPanels > 1 && next) Prefetch(next, t, tiles, kPanels * panel_bytes);
    const PanelTile tile{p,
                         panel_bytes,
                         blocks,
                         a.x.codes + m * a.k,
                         a.x.scales + m * ScalesOf<Kernel>(blocks),
                         a.x.sums + m * blocks,
                         a.k,
                         scratch,
                         kPanels == 1 && tiles > 1 && t + 1 == tiles ? next : nullptr};
    if constexpr (Kernel::kPrepares) {
      if (tiles > 1) {
        RunRows<Kernel, true, kPanels>(a, tile, rows, m, n);
        continue;
      }
    }
    RunRows<Kernel, false, kPanels>(a, tile, rows, m, n);
  }
}

template <typename Kernel>
void RunPanels(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  constexpr int kPanels = MaxPanels<Kernel>();
  size_t panel = begin;
  if constexpr (kPanels > 1) {
    for (; a.m >= kTwoPanelsMinRows && end - panel >= kPanels; panel += kPanels)
      RunPanel<Kernel, kPanels>(a, panel, end, scratch);
  }
  for (; panel < end; ++panel) RunPanel<Kernel, 1>(a, panel, end, scratch);
}

template <typename Kernel>
void PackedMatMulOf(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  // So many rows of x stay in the second-level cache, beside a panel, while panels stream past.
  constexpr size_t kCachedCodes = size_t{256} << 10, kUnit = Kernel::kMaxRows;
  const size_t fit = kCachedCodes / a.k / kUnit * kUnit, most = fit < 4 * kUnit ? 4 * kUnit : fit;
  const size_t parts = (a.m + most - 1) / most, blocks = a.k / 32;
  for (size_t part = 0; part < parts; ++part) {
    const size_t m = part * a.m / parts;
    PackedMatMulArgs rows = a;
    rows.m = (part + 1) * a.m / parts - m;
    rows.x = {a.x.codes + m * a.k, a.x.scales + m * ScalesOf<Kernel>(blocks),
              a.x.sums + m * blocks};
    rows.y = a.y + m * a.n;
    RunPanels<Kernel>(rows, begin, end, scratch);
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
