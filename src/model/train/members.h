#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/train/tensor_file.h"

namespace pano::train {

// The processes that compute a step together, seen from one of them: each has an equal share of
// the rows and the same weights. The base class is a run of one process. Confined to one thread;
// every member makes the same calls in the same order.
class Members {
 public:
  virtual ~Members() = default;
  virtual int rank() const { return 0; }
  virtual int count() const { return 1; }

  // Called before the last backward pass of a step: gradients of these leaves become final one
  // after another from now on, and may be on their way before SumGradients asks for them.
  virtual void BeginBackward(const std::vector<at::Tensor>& leaves) { static_cast<void>(leaves); }
  // The gradient of each leaf becomes the members' sum; a member without one has zeros. `fixed`:
  // halves of the members are added as a tree, so that the sum's bits are those of one process
  // that adds the rows' gradients so.
  virtual Status SumGradients(const std::vector<at::Tensor>& leaves, bool fixed) {
    static_cast<void>(leaves);
    static_cast<void>(fixed);
    return {};
  }
  // Each number becomes the members' sum, added in the order of the ranks (`fixed`: as above).
  virtual Status SumNumbers(std::span<double> numbers, bool fixed) {
    static_cast<void>(numbers);
    static_cast<void>(fixed);
    return {};
  }
  // The members' tensors one behind the other in the order of the ranks; they may differ in their
  // first size.
  virtual Result<at::Tensor> Gather(const at::Tensor& rows) { return rows; }

  // ZeRO-1 (Rajbhandari et al., 2020): whether this member updates parameter `index` of `count`;
  // Share then hands the updated values to all.
  virtual bool Owns(size_t index) const {
    static_cast<void>(index);
    return true;
  }
  virtual Status Share(const std::vector<at::Tensor>& parameters) {
    static_cast<void>(parameters);
    return {};
  }
  // Of an optimizer's state ("first.NAME") each member has what belongs to the parameters that it
  // owns; `names` are all of them. CollectOptimizer gives rank 0 the whole, KeepOwned leaves a
  // member its part.
  virtual Status CollectOptimizer(NamedTensors& state, const std::vector<std::string>& names) {
    static_cast<void>(state);
    static_cast<void>(names);
    return {};
  }
  virtual void KeepOwned(NamedTensors& state, const std::vector<at::Tensor>& parameters,
                         const std::vector<std::string>& names) {
    static_cast<void>(state);
    static_cast<void>(parameters);
    static_cast<void>(names);
  }
};

}  // namespace pano::train
