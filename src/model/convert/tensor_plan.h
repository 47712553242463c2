#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/convert/row_tensor.h"
#include "model/format/fwd.h"
#include "model/nn/fwd.h"
#include "model/nn/weights/weight_names.h"

namespace pano::convert {

// How one kind of file describes a model and names its tensors.
struct Side {
  const nn::ModelConfig& config;
  const nn::WeightNames& names;
};

// Every tensor of the target, made of the source's: renamed, fused or split, queries and keys
// reordered where the two turn other pairs, norms shifted where one of them stores the weight less
// one. All are F32: types are chosen afterwards. Failures name the tensor: Corruption for one that
// is missing or has another shape, Unimplemented for one that belongs to nothing or cannot be
// carried over. The weights must outlive the tensors.
Result<std::vector<RowTensor>> PlanTensors(const format::Weights& source, const Side& from,
                                           const Side& to);

}  // namespace pano::convert
