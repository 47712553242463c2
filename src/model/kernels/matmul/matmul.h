#pragma once

#include <cstddef>

#include "base/threads.h"
#include "model/kernels/cpu.h"
#include "model/tensor/tensor.h"

namespace pano::kernels {

// y[m, n] = sum over k of x[m, k] * w[n, k], plus bias[n] where there is one.
//
// Order contract: sixteen lanes, lane l sums k = l, l + 16, l + 32, ... in ascending order,
// starting from 0 (a part of a group of sixteen counts as filled up with zeros); then the fixed
// tree of Lanes::Sum; then the bias. Weights are dequantised to float first, to exactly the values
// of tensor::DecoderOf. So a result depends on x's row and w's row only: not on M, on tiles or on
// threads; and it equals the product with the same weights stored as F32 to the bit.
struct MatMulArgs {
  const tensor::TensorView* w = nullptr;  // [n, k], a type of MatMulSupports
  const float* x = nullptr;               // [m, k]
  const float* bias = nullptr;            // [n] or null
  float* y = nullptr;                     // [m, n]
  size_t m = 0, n = 0, k = 0;
};

// Computes the columns [n_begin, n_end) of y. `scratch`: kMatMulPanelRows * PaddedK(k) floats.
using MatMulFn = void (*)(const MatMulArgs& args, size_t n_begin, size_t n_end, float* scratch);

inline constexpr size_t kMatMulPanelRows = 3;
inline constexpr size_t PaddedK(size_t k) { return (k + 15) / 16 * 16; }

// True for the types that MatMul and DequantiseRow read: floats, all block types and packed
// matrices. F32, F16, BF16 and Q8_0 are read in registers, the others are decoded row by row into
// scratch.
bool MatMulSupports(tensor::DType dtype);

// The kernel for this machine. REQUIRES: MatMulSupports(dtype).
MatMulFn SelectMatMul(tensor::DType dtype, CpuMask mask = ActiveCpuMask());

// The whole product on the pool. REQUIRES: w->shape == [n, k] and a type that is supported.
void MatMul(const MatMulArgs& args, ComputePool& pool);

// Bytes of one stored row. REQUIRES: k is a multiple of the type's block.
size_t RowBytes(tensor::DType dtype, size_t k);

// Row `row` of w as floats (embedding look-up): exactly the values that MatMul multiplies.
void DequantiseRow(const tensor::TensorView& w, size_t row, float* out);

}  // namespace pano::kernels
