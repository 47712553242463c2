#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/format/weights.h"
#include "model/train/tensor_file.h"

namespace pano::train {

// Tensors in memory as the weights of a model. Immutable, so thread-safe.
class MemoryWeights final : public format::Weights {
 public:
  // F32 tensors; others are left out.
  explicit MemoryWeights(const NamedTensors& tensors);

  const tensor::TensorView* Find(std::string_view name) const override;
  std::vector<std::string> Names() const override;
  size_t FileBytes() const override { return 0; }

 private:
  std::vector<at::Tensor> alive_;
  std::map<std::string, tensor::TensorView, std::less<>> views_;
};

}  // namespace pano::train
