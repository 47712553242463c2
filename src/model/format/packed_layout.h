#pragma once

#include <string>
#include <vector>

#include "base/fwd.h"
#include "base/result.h"
#include "model/format/tensor_table.h"

namespace pano::format {

// What config.json's `quantization_config` says of matrices that stand packed in the weights' files
// (docs/formats/packed.md): which tensors of bytes are matrices, of what type and shape.
struct PackedTensor {
  std::string name;
  tensor::DType dtype = tensor::DType::kQ8_0X16;
  tensor::Shape shape;
};

// Whether a quantization_config is one of these.
bool IsPackedConfig(const json::Value& quantization_config);
// The object to write. `type`: what the user asked for, "q8_0".
json::Value PackedConfig(const std::string& type, const std::vector<PackedTensor>& tensors);

// Gives the named tensors of bytes their types and shapes. Nothing where the configuration has no
// such member. Corruption, naming the field, for a tensor that is missing, listed twice, no bytes,
// not aligned, or of another size than its shape says; Unimplemented for a version or type that is
// not known.
Status ApplyPackedLayout(const json::Value& config, std::vector<TensorFile>& files);

}  // namespace pano::format
