#pragma once

#include "base/result.h"
#include "model/nn/weights/weight_binder.h"
#include "model/tensor/tensor.h"

namespace pano::nn {

// Rows [begin, begin + count) of a matrix, in the same memory. Unimplemented where packed rows
// would be cut within a panel. REQUIRES: rows within the matrix.
Result<tensor::TensorView> SliceRows(const tensor::TensorView& matrix, int64_t begin,
                                     int64_t count);

// Columns [begin, begin + count) of a matrix, copied into memory of `owned`. Unimplemented where a
// block of the type would be cut; Exhausted when there is no memory.
Result<tensor::TensorView> SliceColumns(const tensor::TensorView& matrix, int64_t begin,
                                        int64_t count, OwnedMatrices& owned);

}  // namespace pano::nn
