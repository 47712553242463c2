#pragma once

// Products of Q8_0 and Q4_0 by a unit that multiplies whole tiles (simd/tiles_*.h), over the Lanes that the
// including file defines. Anonymous namespace: no symbol may stand in for one of another instruction set.
//
// A scale for every 32 columns takes each sum out of its tile after half a step of the unit, so what bounds these
// products is not the unit but what the lanes do with its sums: for sixteen rows of x and a panel one conversion,
// one product and one multiply-add a row and block. The sixteen float sums therefore stay in registers for all
// blocks, and the sums of a block are taken from memory while the unit computes those of the next. All is done in
// the order of the other products of these types, with the same integers, so that results have the same bits:
// rows beyond the last whole sixteen, and products of few rows, go the other way.
#include <cstring>

#include "model/kernels/packed_matmul/packed_matmul.h"
#include "model/kernels/simd/lanes.h"
#include "model/kernels/simd/tiles_generic.h"

namespace pano::kernels {
namespace {

inline constexpr size_t kBlockCodes = tensor::kPackedBlock * kPanelWidth;  // bytes of a block of a panel

// The sums of sixteen rows of x by a panel, which stay in registers: each is a variable of its own.
template <typename Unit, size_t kRows = kTileRows>
struct RowSums {
  RowSums<Unit, kRows - 1> before;
  Lanes last;

  [[gnu::always_inline]] void SetZero() {
    before.SetZero();
    last = Lanes::Zero();
  }
  [[gnu::always_inline]] void Load(const float* from) {
    before.Load(from);
    last = Lanes::Load(from + (kRows - 1) * kPanelWidth);
  }
  [[gnu::always_inline]] void Store(float* to, size_t stride) const {
    before.Store(to, stride);
    last.Store(to + (kRows - 1) * stride);
  }
  [[gnu::always_inline]] void Add(Lanes bias) {
    before.Add(bias);
    last = last + bias;
  }
  // fma(float(integers) * scale, s, sum).
  [[gnu::always_inline]] void Accumulate(const std::byte* integers, Lanes scale, const float* s) {
    before.Accumulate(integers, scale, s);
    constexpr size_t kRow = kRows - 1;
    last = Lanes::MulAdd(Unit::ToFloat(integers + kRow * kTileRowBytes) * scale, Lanes::Set(s[kRow]), last);
  }
};
template <typename Unit>
struct RowSums<Unit, 0> {
  void SetZero() {}
  void Load(const float*) {}
  void Store(float*, size_t) const {}
  void Add(Lanes) {}
  void Accumulate(const std::byte*, Lanes, const float*) {}
};

// How a block of a panel becomes signed bytes [step of 4 columns][row][4].
struct EightBitBlock {  // Q8_0
  static constexpr size_t kBytes = tensor::kQ8BlockBytes;
  static void Unpack(const uint8_t* block, uint8_t* codes) {
    std::memcpy(codes, block + tensor::kBlockScaleBytes, kBlockCodes);
  }
};
struct FourBitBlock {  // Q4_0
  static constexpr size_t kBytes = tensor::kFourBitBlockBytes;
  static void Unpack(const uint8_t* block, uint8_t* codes) {
    const uint8_t* nibbles = block + tensor::kBlockScaleBytes;
    for (size_t i = 0; i < tensor::kNibbleBytes; ++i) {
      codes[i] = static_cast<uint8_t>((nibbles[i] & 15) - 8);
      codes[tensor::kNibbleBytes + i] = static_cast<uint8_t>((nibbles[i] >> 4) - 8);
    }
  }
};

// The panels [begin, end) of one product, of the rows that x has in tiles. Confined to one thread.
template <typename Unit, typename Block>
class BlockTiledProduct {
 public:
  BlockTiledProduct(const PackedMatMulArgs& a, std::byte* scratch)
      : a_(a),
        blocks_(a.k / tensor::kPackedBlock),
        codes_(reinterpret_cast<uint8_t*>(scratch)),
        scales_(reinterpret_cast<float*>(scratch + blocks_ * kBlockCodes)),
        integers_(scratch + blocks_ * (kBlockCodes + kScaleBytes)),
        partials_(integers_ + 2 * kTileBytes),
        unit_(kTileRows, tensor::kPackedBlock) {
    static_assert(kScaleBytes == kPanelWidth * sizeof(float));
    static_assert((2 + kMaxGroups) * kTileBytes <= kBlockTileSumBytes);  // behind the panel in the scratch memory
  }

  void Run(size_t begin, size_t end) {
    const size_t groups = a_.m / kTileRows, fit = kCachedCodes / (a_.k * kTileRows),
                 most = fit < 2 ? 2 : fit < kMaxGroups ? fit : kMaxGroups;
    for (size_t first = 0; first < groups; first += most) {
      const size_t last = groups - first < most ? groups : first + most;
      for (panel_ = begin; panel_ < end; ++panel_) {
        Unpack();
        for (size_t block = 0; block < blocks_; block += kPartBlocks) {
          for (size_t group = first; group < last; ++group) RunPart(group, group - first, block);
        }
      }
    }
  }

 private:
  static constexpr size_t kScaleBytes = 64;                 // of a block of a panel, as floats
  static constexpr size_t kCachedCodes = size_t{1} << 20;   // of x, which stay in the second-level cache
  static constexpr size_t kMaxGroups = 64;                  // of sixteen rows, whose sums wait
  static constexpr size_t kPartBlocks = 32;                 // of a panel, which stay in the first-level cache

  void Unpack() {
    const auto* from = reinterpret_cast<const uint8_t*>(a_.w->data) + panel_ * blocks_ * Block::kBytes;
    for (size_t b = 0; b < blocks_; ++b, from += Block::kBytes) {
      for (size_t i = 0; i < Block::kBytes; i += 64) __builtin_prefetch(from + 4 * Block::kBytes + i);
      Block::Unpack(from, codes_ + b * kBlockCodes);
      Lanes::LoadHalf(reinterpret_cast<const uint16_t*>(from)).Store(scales_ + b * kPanelWidth);
    }
    Unit::Fence();
  }

  // Blocks [begin, begin + kPartBlocks) of sixteen rows of x by the panel.
  void RunPart(size_t group, size_t slot, size_t begin) {
    const size_t end = blocks_ - begin < kPartBlocks ? blocks_ : begin + kPartBlocks;
    const uint8_t* x = a_.x.block_tiles + (group * blocks_ + begin) * kBlockCodes;
    const float* s = a_.x.block_scales + (group * blocks_ + begin) * kTileRows;
    auto* partial = reinterpret_cast<float*>(partials_ + slot * kTileBytes);
    RowSums<Unit> sums;
    if (begin == 0) {
      sums.SetZero();
    } else {
      sums.Load(partial);
    }
    const uint8_t* w = codes_ + begin * kBlockCodes;
    const float* scales = scales_ + begin * kPanelWidth;
    unit_.template MultiplyBlock<0>(x, w, integers_);
    size_t left = end - begin;
    for (; left > 2; left -= 2) {
      unit_.template MultiplyBlock<1>(x + kBlockCodes, w + kBlockCodes, integers_ + kTileBytes);
      sums.Accumulate(integers_, Lanes::Load(scales), s);
      unit_.template MultiplyBlock<0>(x + 2 * kBlockCodes, w + 2 * kBlockCodes, integers_);
      sums.Accumulate(integers_ + kTileBytes, Lanes::Load(scales + kPanelWidth), s + kTileRows);
      x += 2 * kBlockCodes, w += 2 * kBlockCodes, scales += 2 * kPanelWidth, s += 2 * kTileRows;
    }
    if (left == 2) unit_.template MultiplyBlock<1>(x + kBlockCodes, w + kBlockCodes, integers_ + kTileBytes);
    sums.Accumulate(integers_, Lanes::Load(scales), s);
    if (left == 2) sums.Accumulate(integers_ + kTileBytes, Lanes::Load(scales + kPanelWidth), s + kTileRows);
    if (end != blocks_) return sums.Store(partial, kPanelWidth);
    Write(group * kTileRows, sums);
  }

  [[gnu::always_inline]] void Write(size_t row, RowSums<Unit>& sums) {
    const size_t n = panel_ * kPanelWidth;
    float* y = a_.y + row * a_.n + n;
    if (a_.n - n >= kPanelWidth) {
      if (a_.bias) sums.Add(Lanes::Load(a_.bias + n));
      return sums.Store(y, a_.n);
    }
    float edge[kTileRows * kPanelWidth];
    sums.Store(edge, kPanelWidth);
    for (size_t i = 0; i < kTileRows; ++i) {
      for (size_t j = 0; j < a_.n - n; ++j) {
        y[i * a_.n + j] = a_.bias ? edge[i * kPanelWidth + j] + a_.bias[n + j] : edge[i * kPanelWidth + j];
      }
    }
  }

  const PackedMatMulArgs& a_;
  const size_t blocks_;
  uint8_t* const codes_;       // of the panel, [block][kBlockCodes]
  float* const scales_;        // of the panel, [block][16]
  std::byte* const integers_;  // sums of two blocks
  std::byte* const partials_;  // float sums that wait, [group][16][16]
  Unit unit_;
  size_t panel_ = 0;
};

// The product that `other` computes, which takes the rows that are not in tiles.
template <typename Unit, typename Block, PackedMatMulFn (*kOther)(tensor::DType)>
void BlockTileMatMul(const PackedMatMulArgs& a, size_t begin, size_t end, std::byte* scratch) {
  if (!a.x.block_tiles) return kOther(a.w->dtype)(a, begin, end, scratch);
  BlockTiledProduct<Unit, Block>(a, scratch).Run(begin, end);
  const size_t done = a.m / kTileRows * kTileRows, blocks = a.k / tensor::kPackedBlock;
  if (done == a.m) return;
  PackedMatMulArgs rest = a;
  rest.m = a.m - done;
  rest.x = {a.x.codes + done * a.k, a.x.scales + done * blocks, a.x.sums + done * blocks};
  rest.y = a.y + done * a.n;
  kOther(a.w->dtype)(rest, begin, end, scratch);
}

}  // namespace
}  // namespace pano::kernels
