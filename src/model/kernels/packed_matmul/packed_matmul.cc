#include "model/kernels/packed_matmul/packed_matmul.h"

#include <algorithm>

#include "base/check.h"
#include "model/kernels/isa.h"

namespace pano::kernels {
namespace {

// The array, made larger where it has fewer than `count` elements.
template <typename T>
T* Resized(std::vector<T>& v, size_t count) {
  if (v.size() < count) v.resize(count);
  return v.data();
}

// Memory of one thread, aligned for the widest vectors.
std::byte* Scratch(size_t bytes) {
  static thread_local std::vector<std::byte> memory;
  if (memory.size() < bytes + tensor::kPackedAlignment) {
    memory.resize(bytes + tensor::kPackedAlignment);
  }
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  return memory.data() + (tensor::kPackedAlignment - address % tensor::kPackedAlignment);
}

size_t PanelCount(const tensor::TensorView& w) {
  return (static_cast<size_t>(w.shape[0]) + tensor::kPanelRows - 1) / tensor::kPanelRows;
}

}  // namespace

ActivationCode ActivationCodeOf(tensor::DType packed) {
  if (tensor::IsPackedFloat(packed)) return ActivationCode::kF32;
  return packed == tensor::DType::kQ8_0X16 || packed == tensor::DType::kW8X16
             ? ActivationCode::kUint7
             : ActivationCode::kInt8;
}

QuantisedRows ActivationStore::Quantise(ActivationCode code, const float* x, size_t m, size_t k,
                                        ComputePool& pool) {
  const size_t blocks = k / tensor::kPackedBlock;
  const QuantiseArgs args{x, k, Resized(codes_, m * k), Resized(scales_, m * blocks),
                          Resized(sums_, m * blocks)};
  const QuantiseFn fn = SelectIsa().packed.quantise[static_cast<size_t>(code)];
  constexpr size_t kGrain = 8;
  pool.ParallelFor(m, kGrain, [&](size_t begin, size_t end, int) { fn(args, begin, end); });
  return {args.codes, args.scales, args.sums};
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

const float* ActivationStore::PackTiles(const float* x, size_t m, size_t k, ComputePool& pool) {
  if (m == 1) return x;
  float* out = Resized(tiles_, m * k);
  pool.ParallelFor(FloatTileCount(m), 4, [&](size_t begin, size_t end, int) {
    PackFloatTiles(x, m, k, begin, end, out);
  });
  return out;
}

void PackedMatMul(std::span<const PackedProduct> products, const float* x, size_t m, size_t k,
                  ActivationStore& store, ComputePool& pool) {
  const Isa& isa = SelectIsa();
  for (const ActivationCode code :
       {ActivationCode::kUint7, ActivationCode::kInt8, ActivationCode::kF32}) {
    std::vector<PackedMatMulArgs> parts;
    std::vector<size_t> ends;  // of each part's panels, counted through all
    QuantisedRows rows;
    const float* tiles = nullptr;
    for (const PackedProduct& product : products) {
      if (ActivationCodeOf(product.w->dtype) != code) continue;
      PANO_CHECK(static_cast<size_t>(product.w->shape[1]) == k);
      if (parts.empty()) {
        if (code == ActivationCode::kF32) {
          tiles = store.PackTiles(x, m, k, pool);
        } else {
          rows = store.Quantise(code, x, m, k, pool);
        }
      }
      parts.push_back({product.w, rows, tiles, product.bias, product.y, m,
                       static_cast<size_t>(product.w->shape[0]), k});
      ends.push_back((ends.empty() ? 0 : ends.back()) + PanelCount(*product.w));
    }
    if (parts.empty()) continue;
    pool.ParallelFor(ends.back(), 1, [&](size_t begin, size_t end, int) {
      std::byte* scratch = Scratch(PackedScratchBytes(k));
      size_t first = 0;
      for (size_t i = 0; i < parts.size(); first = ends[i++]) {
        const size_t from = std::max(begin, first), to = std::min(end, ends[i]);
        if (from >= to) continue;
        isa.packed.matmul(parts[i].w->dtype)(parts[i], from - first, to - first, scratch);
      }
    });
  }
}

}  // namespace pano::kernels
