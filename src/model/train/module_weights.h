#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/train/tensor_file.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// What files of a model are taken for.
struct WeightUse {
  // Matrices stay in the files and are decoded when they are needed (FrozenMatrix); nothing has a
  // gradient.
  bool frozen = false;
  // Tensors of heads that the files lack, or have with another shape, stay as they are.
  bool fresh_heads = false;
};

// Fills the module from files of its family: fused tensors are divided, transposed ones turned
// round, every plain or block type read as floats. Corruption names a tensor that is missing or has
// another shape.
Status LoadStoredWeights(const std::shared_ptr<const format::Weights>& files,
                         TransformerModule& module, const WeightUse& use = {});

// Something of each parameter (`of`, by its index; undefined: left out) as files of the module's
// family hold its weights, by ModelSpec::FileName: fused, and turned round.
NamedTensors AsStored(const TransformerModule& module,
                      const std::function<at::Tensor(size_t parameter)>& of);

// The module's weights so.
NamedTensors StoredWeights(const TransformerModule& module, at::ScalarType type);

// The names of the tensors that the module's family stores, whatever AsStored leaves out.
std::vector<std::string> StoredNames(const TransformerModule& module);

}  // namespace pano::train
