#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/tensor/tensor.h"
#include "pano/bench/tensor_list.h"

namespace pano::bench {

// What `--type` names: the type that matrices are made in.
struct WeightType {
  std::string name;  // lower case
  tensor::DType dtype = tensor::DType::kF16;
};

// InvalidArgument lists the names that there are.
Result<WeightType> ParseWeightType(std::string_view name);
std::string WeightTypeNames();  // "f32 f16 bf16 q4_0 ..."

// The type that a tensor gets where matrices get `dtype`, as conversion to GGUF chooses: F32 for
// vectors and small matrices; eight bits for a head that is a matrix of its own; eight or sixteen
// bits for rows that are no multiple of the block. Tables of a packed model are F16.
tensor::DType TensorTypeFor(const ModelTensor& tensor, tensor::DType dtype);

}  // namespace pano::bench
