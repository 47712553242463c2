#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/convert/row_tensor.h"
#include "model/format/weights.h"

namespace pano::convert {

// Tensors that are going to be written, as if they were: names and shapes without bytes. What reads
// a description looks at them to learn about biases and tied heads. Immutable, so thread-safe.
class PlannedWeights : public format::Weights {
 public:
  explicit PlannedWeights(const std::vector<RowTensor>& tensors) {
    for (const RowTensor& tensor : tensors) {
      tensors_[tensor.name] = {tensor.dtype, tensor.shape, nullptr, 0};
    }
  }
  const tensor::TensorView* Find(std::string_view name) const override {
    const auto it = tensors_.find(name);
    return it == tensors_.end() ? nullptr : &it->second;
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, view] : tensors_) names.push_back(name);
    return names;
  }
  size_t FileBytes() const override { return 0; }

 private:
  std::map<std::string, tensor::TensorView, std::less<>> tensors_;
};

}  // namespace pano::convert
