#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/format/fwd.h"

namespace pano::train {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// Writes safetensors; F64, F32, F16, BF16 and I64 tensors.
Status SaveTensors(const std::string& path, const NamedTensors& tensors,
                   const std::map<std::string, std::string>& metadata = {});

// A copy of the tensor `name`; Corruption when there is none of that name and shape.
Result<at::Tensor> LoadTensor(const format::Weights& weights, const std::string& name,
                              at::IntArrayRef shape);

}  // namespace pano::train
