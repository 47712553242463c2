#include "model/train/memory_weights.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {

MemoryWeights::MemoryWeights(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (tensor.scalar_type() != at::kFloat) continue;
    at::Tensor plain = tensor.detach().contiguous();
    tensor::TensorView view;
    view.dtype = tensor::DType::kF32;
    view.shape.assign(plain.sizes().begin(), plain.sizes().end());
    view.data = static_cast<const std::byte*>(plain.data_ptr());
    view.bytes = plain.nbytes();
    views_.emplace(name, view);
    alive_.push_back(std::move(plain));
  }
}

const tensor::TensorView* MemoryWeights::Find(std::string_view name) const {
  const auto found = views_.find(name);
  return found == views_.end() ? nullptr : &found->second;
}

std::vector<std::string> MemoryWeights::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, view] : views_) names.push_back(name);
  return names;
}

}  // namespace pano::train
