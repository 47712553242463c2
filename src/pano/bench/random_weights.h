#pragma once

#include <memory>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "model/format/fwd.h"
#include "model/tensor/tensor.h"
#include "pano/bench/tensor_list.h"

namespace pano::bench {

// Random weights for `tensors` in memory: matrices in `dtype` (see TensorTypeFor), normally
// distributed by each tensor's mean and deviation. The same bits for the same tensors, type and
// seed, whatever the number of threads. A row of a matrix is put together of pieces of one table of
// random numbers, so that it takes no longer than to write the memory. Exhausted when the machine
// has not so much memory.
Result<std::shared_ptr<const format::Weights>> MakeRandomWeights(
    const std::vector<ModelTensor>& tensors, tensor::DType dtype, uint64_t seed, ComputePool& pool);

}  // namespace pano::bench
