#include "model/kernels/matmul/matmul.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "model/kernels/isa.h"
#include "model/tensor/half.h"

namespace pano::kernels {

using tensor::DType;

bool MatMulSupports(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 ||
         dtype == DType::kQ8_0;
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

void WidenRow(const tensor::TensorView& w, size_t row, float* out) {
  const auto k = static_cast<size_t>(w.shape.back());
  switch (w.dtype) {
    case DType::kF32: {
      const float* p = w.as<float>() + row * k;
      std::copy(p, p + k, out);
      return;
    }
    case DType::kF16: {
      const uint16_t* p = w.as<uint16_t>() + row * k;
      for (size_t i = 0; i < k; ++i) out[i] = tensor::HalfToFloat(p[i]);
      return;
    }
    case DType::kBF16: {
      const uint16_t* p = w.as<uint16_t>() + row * k;
      for (size_t i = 0; i < k; ++i) out[i] = tensor::BFloatToFloat(p[i]);
      return;
    }
    case DType::kQ8_0: {
      const auto* blocks = w.as<tensor::Q8Block>() + row * (k / tensor::kQ8BlockElements);
      for (size_t i = 0; i < k; ++i) {
        const tensor::Q8Block& block = blocks[i / tensor::kQ8BlockElements];
        out[i] = static_cast<float>(block.quants[i % tensor::kQ8BlockElements]) *
                 tensor::HalfToFloat(block.scale);
      }
      return;
    }
    default: PANO_CHECK(MatMulSupports(w.dtype));
  }
}

}  // namespace pano::kernels
