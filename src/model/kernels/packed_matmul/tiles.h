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

// The term of x's zero point, 64 times the sum of each weight row's codes, block by block.
template <typename Tiles, bool kBlockScales>
void ZeroPointTerms(const EightBitPanel<kBlockScales>& panel, size_t blocks, int32_t* zeros) {
  alignas(64) uint8_t zero[tensor::kPackedBlock];
  std::memset(zero, 64, sizeof zero);
  const Tiles tiles(1);
  for (size_t b = 0; b < blocks; ++b) {
    tiles.Multiply(zero, sizeof zero, panel.codes(b), zeros + b * tensor::kPanelRows);
  }
}

// Rows [m, m + rows) of x by one panel.
template <typename Tiles, bool kBlockScales>
void MultiplyGroup(const PackedMatMulArgs& a, const EightBitPanel<kBlockScales>& panel,
                   const int32_t* zeros, size_t m, size_t rows, size_t n) {
  alignas(64) int32_t products[Tiles::kGroupRows * kPanelWidth];
  alignas(64) float sums[Tiles::kGroupRows * kPanelWidth] = {};
  const size_t blocks = a.k / tensor::kPackedBlock;
  const Tiles tiles(rows);
  for (size_t b = 0; b < blocks; ++b) {
    tiles.Multiply(a.x.codes + m * a.k + b * tensor::kPackedBlock, a.k, panel.codes(b), products);
    const Lanes scale = panel.scales(b);
    for (size_t i = 0; i < rows; ++i) {
      float integers[kPanelWidth];
      for (size_t j = 0; j < kPanelWidth; ++j) {
        integers[j] =
            static_cast<float>(products[i * kPanelWidth + j] - zeros[b * kPanelWidth + j]);
      }
      const Lanes s = Lanes::Set(a.x.scales[(m + i) * blocks + b]);
      float* sum = sums + i * kPanelWidth;
      Lanes::MulAdd(Lanes::Load(integers) * scale, s, Lanes::Load(sum)).Store(sum);
    }
  }
  const size_t count = a.n - n < kPanelWidth ? a.n - n : kPanelWidth;
  for (size_t i = 0; i < rows; ++i) {
    float* sum = sums + i * kPanelWidth;
    if (!kBlockScales) {
      const auto* scales = reinterpret_cast<const float*>(panel.panel);
      (Lanes::Load(sum) * Lanes::Load(scales)).Store(sum);
    }
    for (size_t j = 0; a.bias && j < count; ++j) sum[j] += a.bias[n + j];
    std::memcpy(a.y + (m + i) * a.n + n, sum, count * sizeof(float));
  }
}

template <typename Tiles, bool kBlockScales>
void TileMatMul(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  const size_t panel_bytes = tensor::PanelBytes(a.w->dtype, a.k);
  const size_t groups = (a.m + Tiles::kGroupRows - 1) / Tiles::kGroupRows;
  auto* zeros = reinterpret_cast<int32_t*>(scratch);
  const auto* data = reinterpret_cast<const uint8_t*>(a.w->data);
  for (size_t p = begin; p < end; ++p) {
    const EightBitPanel<kBlockScales> panel{data + p * panel_bytes};
    ZeroPointTerms<Tiles>(panel, a.k / tensor::kPackedBlock, zeros);
    for (size_t g = 0; g < groups; ++g) {
      const size_t m = g * a.m / groups, rows = (g + 1) * a.m / groups - m;
      MultiplyGroup<Tiles>(a, panel, zeros, m, rows, p * tensor::kPanelRows);
    }
  }
}

}  // namespace
}  // namespace pano::kernels
