#pragma once

#include <cstddef>
#include <vector>

#include "model/kernels/cpu.h"
#include "model/tensor/tensor.h"

namespace pano::kernels {

// The low-rank part of an adapted linear layer (Hu et al., "LoRA", 2021), y += B (scale A x), in two
// products: down to the rank, and up again onto what is there. Matrices are F32, F16 or BF16, widened
// to float; all sums are float.
//
// Order contract: a result depends on its row of x and the matrices only, never on how many rows or
// outputs are computed together.

// t[m, j] = scale * sum over k of x[m, k] a[j, k]; the sum in the order of MatMul (matmul.h).
struct LowRankDown {
  const tensor::TensorView* a = nullptr;  // [rank, k]
  float scale = 1.0f;
  const float* x = nullptr;  // [m, k], rows `x_stride` apart
  size_t x_stride = 0;
  float* t = nullptr;  // [m, rank]
  size_t m = 0, k = 0;
};
// y[m, n] += sum over j of t[m, j] b[n, j]: one chain of multiply-adds over ascending j from 0, then
// the addition.
struct LowRankUp {
  const std::byte* b = nullptr;  // [n, rank] as LowRankPanels lays it out
  size_t rank = 0;
  const float* t = nullptr;  // [m, rank]
  float* y = nullptr;        // [m, n], rows `y_stride` apart
  size_t y_stride = 0;
  size_t m = 0, n = 0;
};

// The ranks [begin, end) of t.
using LowRankDownFn = void (*)(const LowRankDown& args, size_t begin, size_t end);
// The panels [begin, end) of sixteen outputs.
using LowRankUpFn = void (*)(const LowRankUp& args, size_t begin, size_t end);

// By the type of A and that of B.
struct LowRankKernels {
  LowRankDownFn (*down)(tensor::DType) = nullptr;
  LowRankUpFn (*up)(tensor::DType) = nullptr;
};

inline constexpr size_t kLowRankPanel = 16;      // outputs
inline constexpr size_t kLowRankDownRanks = 3;   // that a tile computes together

inline constexpr bool LowRankSupports(tensor::DType dtype) {
  return dtype == tensor::DType::kF32 || dtype == tensor::DType::kF16 ||
         dtype == tensor::DType::kBF16;
}

inline constexpr size_t LowRankPanelCount(size_t n) {
  return (n + kLowRankPanel - 1) / kLowRankPanel;
}

// B [n, rank] in panels of sixteen outputs, the last filled up with zeros: value[rank][16], in its
// own type. REQUIRES: LowRankSupports.
std::vector<std::byte> LowRankPanels(const tensor::TensorView& b);

}  // namespace pano::kernels
