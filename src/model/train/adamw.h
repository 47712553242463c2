#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/train/transformer_module.h"

namespace pano::train {

// AdamW (Loshchilov & Hutter, "Decoupled weight decay regularization", 2019): the decay is not part
// of the gradient, and only the parameters that say so decay. Confined to one thread.
class AdamW {
 public:
  struct Options {
    double beta1 = 0.9;
    double beta2 = 0.99;
    double eps = 1e-8;
    double weight_decay = 0.1;
  };

  // Borrows the module, whose parameters it changes.
  AdamW(TransformerModule* module, const Options& options);

  // Scales all gradients so that their common norm is at most `norm_max`; returns the norm before.
  double ClipGradients(double norm_max);
  // One update from the gradients, which are cleared; `step` counts from 1.
  void Step(double learning_rate, int64_t step);

  // Running means of the gradient and of its square, in the order of the parameters.
  std::vector<at::Tensor>& first_moments() { return first_; }
  std::vector<at::Tensor>& second_moments() { return second_; }

 private:
  TransformerModule* module_;
  Options options_;
  std::vector<at::Tensor> first_, second_;
};

}  // namespace pano::train
