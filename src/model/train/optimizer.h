#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "model/train/recipe/recipe.h"
#include "model/train/tensor_file.h"
#include "model/train/trainable.h"

namespace pano::train {

// The common norm of all gradients, in float64; parameters without one do not count.
double GradientNorm(const std::vector<Trainable>& parameters);
void ScaleGradients(const std::vector<Trainable>& parameters, double factor);

// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) in torch's order of
// operations. Each parameter is updated by itself, so that members of a run can share them out.
// Moments are F32 or, block by block, 8-bit floats of a dynamic range (Dettmers et al., "8-bit
// optimizers via block-wise quantization", 2022). Confined to one thread.
class Optimizer {
 public:
  // Borrows the parameters.
  Optimizer(std::vector<Trainable>* parameters, const Recipe::Optimizer& options);

  // One update of parameter `index` from its gradient; nothing without one. `step` counts from 1.
  void Update(size_t index, double learning_rate, int64_t step);
  void UpdateAll(double learning_rate, int64_t step);

  // "first.NAME" and "second.NAME" of each parameter that was updated; of 8-bit moments also
  // "first_scale.NAME" and "second_scale.NAME". They are no copies: the next update changes them.
  NamedTensors State() const;
  // Takes the tensors over. Corruption for a state of other parameters.
  Status Restore(NamedTensors state);

  static constexpr int64_t kBlock = 256;  // 8-bit values that share a scale

 private:
  // A moment between two steps.
  struct Moment {
    at::Tensor values;  // F32, or codes (U8) [blocks * kBlock]; undefined: all 0
    at::Tensor scales;  // F32 [blocks]; undefined: `values` are no codes
  };
  at::Tensor Load(const Moment& moment, const at::Tensor& like) const;
  void Store(Moment& moment, const at::Tensor& values, bool has_sign) const;

  std::vector<Trainable>* parameters_;
  const Recipe::Optimizer options_;
  std::vector<Moment> first_, second_;
  at::Tensor signed_table_, unsigned_table_;    // [256], ascending: what the codes stand for
  at::Tensor signed_limits_, unsigned_limits_;  // [255]: midpoints between neighbours
};

}  // namespace pano::train
