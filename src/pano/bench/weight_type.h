#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/threads.h"
#include "model/format/weights.h"
#include "model/tensor/tensor.h"
#include "pano/bench/tensor_list.h"

namespace pano::bench {

// What `--type` names: matrices are made in `dtype`, then the whole model goes through `pack`.
struct WeightType {
  std::string name;  // lower case
  tensor::DType dtype = tensor::DType::kF16;
  // Null: the model stays as it was made.
  Status (*pack)(format::ModelFiles& files, ComputePool& pool) = nullptr;
};

// InvalidArgument lists the names that there are.
Result<WeightType> ParseWeightType(std::string_view name);
std::string WeightTypeNames();  // "f32 f16 bf16 q4_0 ..."

// The type that a tensor gets where matrices get `dtype`, as conversion to GGUF chooses: F32 for
// vectors and small matrices; eight bits for a head that is a matrix of its own; eight or sixteen
// bits for rows that are no multiple of the block.
tensor::DType TensorTypeFor(const ModelTensor& tensor, tensor::DType dtype);

}  // namespace pano::bench
