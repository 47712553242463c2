#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/threads.h"
#include "model/kernels/cpu.h"
#include "model/tensor/packed.h"

namespace pano::kernels {

// y[m, n] = sum over k of x[m, k] * w[n, k], plus bias[n] where there is one, for packed matrices
// (tensor/packed.h): a GEMM over panels of sixteen weight rows.
//
// Float weights are multiplied with x as it is, BF16 on sets with a tile unit with x rounded to
// BF16. For quantised weights, x is quantised first, x ~ s * q with one float scale s for a row and
// 32 columns (a block), or, for W8, for a row.
//   - Q8_0: s = max|x| / 64, q = round(x / s), |q| <= 64, stored as q + 64 (a zero point of 64). The
//     sum of two products of such a byte with a signed byte fits 16 bits for every code, so that
//     vpmaddubsw, which saturates, is exact.
//   - W8: s = max|x| / 127, stored as q + 128. Products of all columns are summed in integers, which
//     32 bits hold for up to tensor::kW8MaxColumns columns. On AVX2, where such codes would
//     saturate, x is as for Q8_0 (PackedKernels::row_zero_point is kNoRowScales).
//   - Weights of fewer bits: s = max|x| / 127, q stored as a signed byte.
// Rounding is to nearest even. A block, or row, whose largest magnitude is below 1e-30 counts as
// zero; one that holds a NaN has s = NaN. Instruction sets whose byte products are signed by signed
// store codes without the offset; PackedKernels has what each does.
//
// Order contract: one float sum a result, which starts at 0 and goes through the blocks (for Q4G
// and Q6_K: half blocks) in ascending order:
//   Q8_0, Q4_0, Q4G, Q6_K   sum = fma(float(integers) * scale of the row, s, sum)
//   W8                      sum = float(integers) * s * scale of the row; with a scale a block
//                           sum = fma(float(integers), s, sum), at the end sum * scale of the row
//   F32, F16, BF16          sum = fma(x, w, sum), column by column
//   Q4_K                    sum = fma(float(sum of code q) * (d sc), s, sum),
//                           then sum = fma(-(dmin m), s * float(sum of q), sum)
//   BF16 on a tile unit     32 columns at a time, the last filled up with zeros: one chain of fma
//                           over the even columns, one over the odd ones, both from 0; then
//                           sum = sum + (even + odd). Denormal numbers count as zero and become it.
// and at the end the bias. (Q4G's scales lack a factor of 1/4, which multiplies the sum at the end
// and is exact.) So a result depends on x's row and w's row only: not on M, on tiles or on threads.
// Where the machine does not fuse, fma is a product and a sum.

// The form in which a product takes its activations.
enum class ActivationCode : uint8_t {
  kUint7,    // q + uint7_zero_point (64) as unsigned bytes, a scale a block
  kInt8,     // q as signed bytes, a scale a block
  kRowInt8,  // q + row_zero_point as unsigned bytes, a scale a row
  kBFloat,   // numbers of BF16, not quantised, in tiles
  kF32,      // floats, not quantised
};
inline constexpr size_t kQuantisedCodes = 4;  // those before kF32

// Rows of quantised activations. Borrows its arrays.
struct QuantisedRows {
  const uint8_t* codes = nullptr;  // [m, k], or tiles
  const float* scales = nullptr;   // [m, k / 32]; kRowInt8: [m]; kBFloat: none
  // kInt8: sums of the codes of both half blocks, the first in the low sixteen bits.
  const uint32_t* sums = nullptr;  // [m, k / 32]
  // The same rows for products that go block by block through a tile unit (block_tiles.h), as many as make whole
  // groups of sixteen: signed codes [group][block][16 rows][32], scales [group][block][16 rows]. Null: none.
  const uint8_t* block_tiles = nullptr;
  const float* block_scales = nullptr;
};

// Rows of x for a unit that multiplies tiles: each tile has 64 bytes of every row of a group of
// TileHeight(m) rows, and a group's tiles follow one another. Rows are filled up with zeros to whole
// tiles, groups to whole ones with anything.
inline constexpr size_t kTileRows = 16, kTileRowBytes = 64;
constexpr size_t TileHeight(size_t m) { return m < kTileRows ? m : kTileRows; }
constexpr size_t TiledRowBytes(size_t bytes) {
  return (bytes + kTileRowBytes - 1) / kTileRowBytes * kTileRowBytes;
}

// Quantises rows [row_begin, row_end) of x [m, k] into the arrays. k is a multiple of 32, but for
// kBFloat.
struct QuantiseArgs {
  const float* x = nullptr;
  size_t k = 0;
  uint8_t* codes = nullptr;
  float* scales = nullptr;
  uint32_t* sums = nullptr;
  size_t tile_height = 0;  // rows of a tile; 0: rows of k codes, one after the other

  // Where bytes [64 tile, 64 tile + 64) of a row with `row_bytes` lie among tiles.
  uint8_t* TileRow(size_t row, size_t tile, size_t row_bytes) const {
    return codes + row / tile_height * tile_height * row_bytes +
           (tile * tile_height + row % tile_height) * kTileRowBytes;
  }
};
using QuantiseFn = void (*)(const QuantiseArgs& args, size_t row_begin, size_t row_end);

// For float weights, x is packed into tiles of up to six rows, whose sums fit the registers of the
// narrowest set. Tile t has rows [FloatTileBegin(t), FloatTileBegin(t + 1)) of x, all of nearly
// equal height; it takes the memory of its rows, transposed to [k][row].
inline constexpr size_t kFloatTileRows = 6;
constexpr size_t FloatTileCount(size_t m) { return (m + kFloatTileRows - 1) / kFloatTileRows; }
constexpr size_t FloatTileBegin(size_t tile, size_t m) { return tile * m / FloatTileCount(m); }
// Packs tiles [begin, end) of x [m, k].
void PackFloatTiles(const float* x, size_t m, size_t k, size_t begin, size_t end, float* out);

inline constexpr size_t kPanelWidth = tensor::kPanelRows;

struct PackedMatMulArgs {
  const tensor::TensorView* w = nullptr;  // [n, k], packed, aligned to 64 bytes
  QuantisedRows x;
  const float* floats = nullptr;  // instead, for weights that are floats: x by tiles
  const float* bias = nullptr;    // [n] or null
  float* y = nullptr;             // [m, n]
  size_t m = 0, n = 0, k = 0;
};

// Computes the columns of panels [begin, end) of y. `scratch`: PackedScratchBytes(k), aligned
// to 64.
using PackedMatMulFn = void (*)(const PackedMatMulArgs& args, size_t begin, size_t end,
                                std::byte* scratch);
inline constexpr size_t kFloatBlock = 256;  // columns of a panel of floats that are read at a time
inline constexpr size_t kTileScratchBytes = size_t{528} << 10;  // partial sums of tiles (tiles.h)
inline constexpr size_t kBlockTileSumBytes = size_t{72} << 10;  // sums that wait (block_tiles.h)
inline size_t PackedScratchBytes(size_t k) {
  const size_t blocks = k / tensor::kPackedBlock;
  constexpr size_t kUnpacked = (tensor::kPackedBlock + sizeof(float)) * tensor::kPanelRows;  // a block of a panel
  return std::max({kTileScratchBytes, blocks * (2 * tensor::kPanelRows * sizeof(float) + 1),
                   blocks * kUnpacked + kBlockTileSumBytes});
}

// Fewer rows of x are not worth unpacking the panels for.
inline constexpr size_t kBlockTilesMinRows = 32;

inline constexpr int kNoRowScales = -1;
struct PackedKernels {
  const QuantiseFn* quantise = nullptr;  // [kQuantisedCodes], by ActivationCode
  uint8_t uint7_zero_point = 64;         // what ActivationCode::kUint7 adds to q
  int row_zero_point = 128;              // what ActivationCode::kRowInt8 adds to q
  PackedMatMulFn (*integers)(tensor::DType packed) = nullptr;  // products with quantised x
  PackedMatMulFn (*tiles)(tensor::DType packed) = nullptr;  // by a tile unit; gives null for a type
                                                            // that goes another way
  PackedMatMulFn (*floats)(tensor::DType packed) = nullptr;
  // Whether products of integers take x in tiles of a block, from kBlockTilesMinRows rows on.
  bool (*takes_block_tiles)(tensor::DType packed) = nullptr;

  bool takes_tiles(tensor::DType packed) const { return tiles && tiles(packed); }
  PackedMatMulFn matmul(tensor::DType packed) const {
    if (takes_tiles(packed)) return tiles(packed);
    return tensor::IsPackedFloat(packed) ? floats(packed) : integers(packed);
  }
  ActivationCode code_of(tensor::DType packed) const;
};

// Workspace for the quantised or packed rows of one pass, kept between passes. Confined to one
// thread at a time.
class ActivationStore {
 public:
  // Quantises x [m, k] on the pool; `tiled`: into tiles.
  QuantisedRows Quantise(ActivationCode code, bool tiled, const float* x, size_t m, size_t k,
                         ComputePool& pool);
  // Memory for the quantised rows of x [m, k], which the caller fills in.
  QuantiseArgs Take(ActivationCode code, bool tiled, const float* x, size_t m, size_t k);
  // Memory for [m, k] packed into tiles.
  float* TakeTiles(size_t m, size_t k);
  // Adds the tiles of a block (QuantisedRows::block_tiles) to rows of [m, k]; `zero`: what their codes have too much.
  void AddBlockTiles(QuantisedRows& rows, size_t m, size_t k, uint8_t zero, ComputePool& pool);
  // Packs x [m, k] into tiles; x itself where that changes nothing.
  const float* PackTiles(const float* x, size_t m, size_t k, ComputePool& pool);

 private:
  std::vector<uint8_t> codes_;
  std::vector<float> scales_;
  std::vector<uint32_t> sums_;
  std::vector<float> tiles_;
  std::vector<uint8_t> block_tiles_;
  std::vector<float> block_scales_;
};

// One of several products of the same x.
struct PackedProduct {
  const tensor::TensorView* w = nullptr;
  const float* bias = nullptr;
  float* y = nullptr;  // [m, w->shape[0]]
};

// All products of x [m, k] on the pool: x is quantised once a code, and threads share all panels of
// all products. REQUIRES: packed matrices with k columns.
void PackedMatMul(std::span<const PackedProduct> products, const float* x, size_t m, size_t k,
                  ActivationStore& store, ComputePool& pool);

// The same, but each thread takes some rows of x and all panels: what it computes stays in its core's cache for
// what comes next to the same rows. Few rows, and those of several codes, go as above.
void PackedMatMulByRows(std::span<const PackedProduct> products, const float* x, size_t m, size_t k,
                        ActivationStore& store, ComputePool& pool);

// Memory of a thread for PackedMatMulFn.
std::byte* PackedScratch(size_t k);

}  // namespace pano::kernels
