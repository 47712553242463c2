// Products whose rows are shared out: PackedMatMulByRows.
#include <algorithm>

#include "base/check.h"
#include "model/kernels/isa.h"
#include "model/kernels/packed_matmul/code_row.h"
#include "model/kernels/packed_matmul/packed_matmul.h"

namespace pano::kernels {
namespace {

// Rows of a part are whole groups of tiles.
constexpr size_t kUnit = 2 * kTileRows;
// A part reads all weights, so there are few.
constexpr size_t kMostRows = 4 * kUnit;

// The rows [first, first + m) of x, prepared in the memory that was taken for all.
struct RowPart {
  size_t first, m, k;

  QuantisedRows Quantise(ActivationCode code, bool tiled, QuantiseArgs args) const {
    const auto [blocks, row] = CodeRowOf(code, k);
    args.x += first * k;
    args.codes += first * (tiled ? TiledRowBytes(row) : row);
    args.scales += first * blocks;
    args.sums += first * blocks;
    args.tile_height = tiled ? TileHeight(m) : 0;
    SelectIsa().packed.quantise[static_cast<size_t>(code)](args, 0, m);
    return {args.codes, args.scales, args.sums};
  }

  const float* Pack(const float* x, float* tiles) const {
    PackFloatTiles(x + first * k, m, k, 0, FloatTileCount(m), tiles + first * k);
    return tiles + first * k;
  }
};

}  // namespace

void PackedMatMulByRows(std::span<const PackedProduct> products, const float* x, size_t m, size_t k,
                        ActivationStore& store, ComputePool& pool) {
  const PackedKernels& kernels = SelectIsa().packed;
  const auto threads = static_cast<size_t>(pool.threads());
  const ActivationCode code = kernels.code_of(products.front().w->dtype);
  const bool tiled = kernels.takes_tiles(products.front().w->dtype);
  const bool alike = std::ranges::all_of(products, [&](const PackedProduct& product) {
    const tensor::DType type = product.w->dtype;
    PANO_CHECK(static_cast<size_t>(product.w->shape[1]) == k);
    return kernels.code_of(type) == code && kernels.takes_tiles(type) == tiled &&
           !(kernels.takes_block_tiles && kernels.takes_block_tiles(type));
  });
  PANO_CHECK(code != ActivationCode::kRowInt8 || k <= tensor::kW8MaxColumns);
  if (threads < 2 || m < threads * kUnit || !alike) return PackedMatMul(products, x, m, k, store, pool);
  const bool floats = code == ActivationCode::kF32;
  const QuantiseArgs codes = floats ? QuantiseArgs{} : store.Take(code, tiled, x, m, k);
  float* tiles = floats ? store.TakeTiles(m, k) : nullptr;
  const size_t even = ((m + threads - 1) / threads + kUnit - 1) / kUnit * kUnit;
  pool.ParallelFor(m, std::min(even, kMostRows), [&](size_t begin, size_t end, int) {
    const RowPart part{begin, end - begin, k};
    PackedMatMulArgs args;
    if (floats) {
      args.floats = part.Pack(x, tiles);
    } else {
      args.x = part.Quantise(code, tiled, codes);
    }
    args.m = part.m;
    args.k = k;
    for (const PackedProduct& product : products) {
      args.w = product.w;
      args.bias = product.bias;
      args.n = static_cast<size_t>(product.w->shape[0]);
      args.y = product.y + begin * args.n;
      const size_t panels = (args.n + kPanelWidth - 1) / kPanelWidth;
      kernels.matmul(product.w->dtype)(args, 0, panels, PackedScratch(k));
    }
  });
}

}  // namespace pano::kernels
