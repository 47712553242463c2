#pragma once

#include <ATen/core/Tensor.h>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/train/tensor_file.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// Fills the module from files of its family: fused tensors are divided, transposed ones turned
// round, every plain or block type read as floats. Corruption names a tensor that is missing or has
// another shape.
Status LoadStoredWeights(const format::Weights& files, TransformerModule& module);

// The module's weights as files of its family hold them, by ModelSpec::FileName.
NamedTensors StoredWeights(const TransformerModule& module, at::ScalarType type);

}  // namespace pano::train
