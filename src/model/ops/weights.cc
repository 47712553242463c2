#include "model/ops/weights.h"

#include "model/kernels/matmul/matmul.h"

namespace pano::ops {

bool CanRead(tensor::DType dtype) { return kernels::MatMulSupports(dtype); }

void DequantizeRow(const tensor::TensorView& matrix, size_t row, float* out) {
  kernels::DequantiseRow(matrix, row, out);
}

}  // namespace pano::ops
