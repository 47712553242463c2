#include "model/kernels/matmul/matmul.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "model/kernels/isa.h"
#include "model/tensor/blocks.h"
#include "model/tensor/packed.h"

namespace pano::kernels {

using tensor::DType;

bool MatMulSupports(DType dtype) {
  return tensor::DecoderOf(dtype) != nullptr || tensor::IsPacked(dtype);
}

MatMulFn SelectMatMul(DType dtype, CpuMask mask) {
  MatMulFn fn = SelectIsa(mask).matmul(dtype);
  PANO_CHECK(fn != nullptr);
  return fn;
}

void MatMul(const MatMulArgs& args, ComputePool& pool) {
  const MatMulFn fn = SelectMatMul(args.w->dtype);
  // Below this much work a second thread costs more than it brings.
  constexpr size_t kParallelFrom = 1 << 15;
  const size_t grain = args.m * args.n * args.k < kParallelFrom ? args.n : kMatMulPanelRows;
  pool.ParallelFor(args.n, grain, [&](size_t begin, size_t end, int) {
    static thread_local std::vector<float> scratch;
    scratch.resize(kMatMulPanelRows * PaddedK(args.k));
    fn(args, begin, end, scratch.data());
  });
}

size_t RowBytes(DType dtype, size_t k) {
  const tensor::DTypeInfo& info = tensor::Describe(dtype);
  return k / info.block_elements * info.block_bytes;
}

void DequantiseRow(const tensor::TensorView& w, size_t row, float* out) {
  if (tensor::IsPacked(w.dtype)) return tensor::UnpackRow(w, row, out);
  const tensor::DecodeFn decode = tensor::DecoderOf(w.dtype);
  PANO_CHECK(decode != nullptr);
  const auto k = static_cast<size_t>(w.shape.back());
  const std::byte* stored = w.data + row * RowBytes(w.dtype, k);
  if (w.dtype == DType::kF32) {
    std::memcpy(out, stored, k * sizeof(float));  // one by one they are a fortieth of a small encoder's pass
  } else {
    decode(stored, k, out);
  }
}

}  // namespace pano::kernels
