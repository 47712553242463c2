#include "model/kernels/packed_matmul/packed_matmul.h"

#include <algorithm>

#include "base/check.h"
#include "model/kernels/isa.h"
#include "model/kernels/packed_matmul/code_row.h"

namespace pano::kernels {
namespace {

// The array, made larger where it has fewer than `count` elements.
template <typename T>
T* Resized(std::vector<T>& v, size_t count) {
  if (v.size() < count) v.resize(count);
  return v.data();
}

size_t PanelCount(const tensor::TensorView& w) {
  return (static_cast<size_t>(w.shape[0]) + tensor::kPanelRows - 1) / tensor::kPanelRows;
}

}  // namespace

// Aligned for the widest vectors.
std::byte* PackedScratch(size_t k) {
  static thread_local std::vector<std::byte> memory;
  const size_t bytes = PackedScratchBytes(k) + tensor::kPackedAlignment;
  if (memory.size() < bytes) memory.resize(bytes);
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  return memory.data() + (tensor::kPackedAlignment - address % tensor::kPackedAlignment);
}

ActivationCode PackedKernels::code_of(tensor::DType packed) const {
  if (tensor::IsPackedFloat(packed)) {
    return takes_tiles(packed) ? ActivationCode::kBFloat : ActivationCode::kF32;
  }
  if (packed == tensor::DType::kQ8_0X16) return ActivationCode::kUint7;
  if (packed != tensor::DType::kW8X16) return ActivationCode::kInt8;
  return row_zero_point == kNoRowScales ? ActivationCode::kUint7 : ActivationCode::kRowInt8;
}

QuantiseArgs ActivationStore::Take(ActivationCode code, bool tiled, const float* x, size_t m, size_t k) {
  const auto [blocks, row] = CodeRowOf(code, k);
  const size_t height = tiled ? TileHeight(m) : 1;
  const size_t bytes = (m + height - 1) / height * height * (tiled ? TiledRowBytes(row) : row);
  uint8_t* codes = Resized(codes_, bytes + tensor::kPackedAlignment);
  codes += tensor::kPackedAlignment -
           reinterpret_cast<uintptr_t>(codes) % tensor::kPackedAlignment;
  return {x, k, codes, Resized(scales_, m * blocks), Resized(sums_, m * blocks), tiled ? height : 0};
}

QuantisedRows ActivationStore::Quantise(ActivationCode code, bool tiled, const float* x, size_t m,
                                        size_t k, ComputePool& pool) {
  const QuantiseArgs args = Take(code, tiled, x, m, k);
  const QuantiseFn fn = SelectIsa().packed.quantise[static_cast<size_t>(code)];
  constexpr size_t kGrain = 8;
  pool.ParallelFor(m, kGrain, [&](size_t begin, size_t end, int) { fn(args, begin, end); });
  return {args.codes, args.scales, args.sums};
}

void ActivationStore::AddBlockTiles(QuantisedRows& rows, size_t m, size_t k, uint8_t zero, ComputePool& pool) {
  const size_t blocks = k / tensor::kPackedBlock, groups = m / kTileRows;
  uint8_t* tiles = Resized(block_tiles_, groups * kTileRows * k + tensor::kPackedAlignment);
  tiles += tensor::kPackedAlignment - reinterpret_cast<uintptr_t>(tiles) % tensor::kPackedAlignment;
  float* scales = Resized(block_scales_, groups * kTileRows * blocks);
  pool.ParallelFor(groups, 1, [&](size_t begin, size_t end, int) {
    for (size_t row = begin * kTileRows; row < end * kTileRows; ++row) {
      const size_t group = row / kTileRows, at = row % kTileRows;
      for (size_t b = 0; b < blocks; ++b) {
        const size_t tile = group * blocks + b;
        const uint8_t* from = rows.codes + row * k + b * tensor::kPackedBlock;
        uint8_t* to = tiles + (tile * kTileRows + at) * tensor::kPackedBlock;
        for (size_t i = 0; i < tensor::kPackedBlock; ++i) to[i] = static_cast<uint8_t>(from[i] - zero);
        scales[tile * kTileRows + at] = rows.scales[row * blocks + b];
      }
    }
  });
  rows.block_tiles = tiles;
  rows.block_scales = scales;
}

void PackFloatTiles(const float* x, size_t m, size_t k, size_t begin, size_t end, float* out) {
  for (size_t t = begin; t < end; ++t) {
    const size_t first = FloatTileBegin(t, m), rows = FloatTileBegin(t + 1, m) - first;
    float* tile = out + first * k;
    for (size_t i = 0; i < rows; ++i) {
      const float* row = x + (first + i) * k;
      for (size_t c = 0; c < k; ++c) tile[c * rows + i] = row[c];
    }
  }
}

float* ActivationStore::TakeTiles(size_t m, size_t k) { return Resized(tiles_, m * k); }

const float* ActivationStore::PackTiles(const float* x, size_t m, size_t k, ComputePool& pool) {
  if (m == 1) return x;
  float* out = TakeTiles(m, k);
  pool.ParallelFor(FloatTileCount(m), 4, [&](size_t begin, size_t end, int) {
    PackFloatTiles(x, m, k, begin, end, out);
  });
  return out;
}

namespace {

// Panels that a thread takes at a time. Tiles, and floats of many rows, take two panels together, and are fast
// enough for a part too many at the end to show: so many that the threads' shares are as equal as can be.
size_t PanelGrain(size_t panels, int threads, bool pairs_of_panels) {
  if (!pairs_of_panels) return 1;
  const size_t pairs = (panels + 1) / 2, count = static_cast<size_t>(threads);
  size_t best = pairs, least = SIZE_MAX;
  for (size_t each = 4; each >= 1; --each) {
    const size_t part = (pairs + each * count - 1) / (each * count);
    const size_t parts = (pairs + part - 1) / part, longest = (parts + count - 1) / count * part;
    if (longest < least) best = part, least = longest;
  }
  return 2 * best;
}

}  // namespace

void PackedMatMul(std::span<const PackedProduct> products, const float* x, size_t m, size_t k,
                  ActivationStore& store, ComputePool& pool) {
  const PackedKernels& kernels = SelectIsa().packed;
  for (const ActivationCode code :
       {ActivationCode::kUint7, ActivationCode::kInt8, ActivationCode::kRowInt8,
        ActivationCode::kBFloat, ActivationCode::kF32}) {
    std::vector<PackedMatMulArgs> parts;
    std::vector<size_t> ends;  // of each part's panels, counted through all
    QuantisedRows rows;
    const float* tiles = nullptr;
    bool tiled = false;
    for (const PackedProduct& product : products) {
      if (kernels.code_of(product.w->dtype) != code) continue;
      PANO_CHECK(static_cast<size_t>(product.w->shape[1]) == k);
      PANO_CHECK(code != ActivationCode::kRowInt8 || k <= tensor::kW8MaxColumns);
      if (parts.empty()) {
        tiled = kernels.takes_tiles(product.w->dtype);
        if (code == ActivationCode::kF32) {
          tiles = store.PackTiles(x, m, k, pool);
        } else {
          rows = store.Quantise(code, tiled, x, m, k, pool);
        }
      }
      if (!rows.block_tiles && m >= kBlockTilesMinRows && kernels.takes_block_tiles &&
          kernels.takes_block_tiles(product.w->dtype)) {
        store.AddBlockTiles(rows, m, k, code == ActivationCode::kUint7 ? kernels.uint7_zero_point : uint8_t{0}, pool);
        for (PackedMatMulArgs& part : parts) part.x = rows;
      }
      parts.push_back({product.w, rows, tiles, product.bias, product.y, m,
                       static_cast<size_t>(product.w->shape[0]), k});
      ends.push_back((ends.empty() ? 0 : ends.back()) + PanelCount(*product.w));
    }
    if (parts.empty()) continue;
    const size_t grain =
        PanelGrain(ends.back(), pool.threads(), tiled || code == ActivationCode::kF32);
    pool.ParallelFor(ends.back(), grain, [&](size_t begin, size_t end, int) {
      std::byte* scratch = PackedScratch(k);
      size_t first = 0;
      for (size_t i = 0; i < parts.size(); first = ends[i++]) {
        const size_t from = std::max(begin, first), to = std::min(end, ends[i]);
        if (from >= to) continue;
        kernels.matmul(parts[i].w->dtype)(parts[i], from - first, to - first, scratch);
      }
    });
  }
}

}  // namespace pano::kernels
