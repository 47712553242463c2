#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/train/frozen_matrix.h"
#include "model/train/recipe/recipe.h"

namespace pano::train {

// Sets random values to 0 and scales the others up; its random numbers are its own, so that parts
// of a step can run beside each other. Confined to one thread.
class Dropout {
 public:
  Dropout(double fraction, uint64_t seed);
  at::Tensor operator()(const at::Tensor& x) { return Drop(x, fraction_); }
  at::Tensor Drop(const at::Tensor& x, double fraction);

 private:
  double fraction_;
  at::Generator generator_;
};

// How a pass over the model is computed. Confined to one thread.
struct Pass {
  Dropout* dropout = nullptr;  // null: nothing is dropped
  Precision precision = Precision::kF32;
  bool adapters = true;  // false: the model as it is without them
  // Called with what each part of the model gives, where it is set.
  std::function<void(std::string_view part, const at::Tensor& output)> watch = {};

  // `x` as matrix products take and give it, its gradient as well: 16 bits hold what they can
  // (Micikevicius et al., "Mixed precision training", 2018), the products add in 32.
  at::Tensor Low(const at::Tensor& x) const;
};

// The low-rank matrices of one module of the files (Hu et al., "LoRA", 2021): W + scale B A.
struct LowRankModule {
  std::string name;         // of the module, as PEFT names it
  at::Tensor a, b;          // [r, in], [out, r]
  at::Tensor magnitude;     // [out]: rows have this length (DoRA, Liu et al., 2024); undefined: none
  double scale = 1;
  double dropout = 0;
};

// A linear layer: a matrix that is trained or not, and what is learnt beside it. The rows of a
// module that the files fuse are several layers.
struct LinearLayer {
  at::Tensor weight, bias;  // undefined: none
  std::shared_ptr<const FrozenMatrix> frozen;  // in place of `weight`
  std::shared_ptr<const LowRankModule> low_rank;
  at::Tensor low_rank_rows;  // of `low_rank` that are this layer's; undefined: all

  at::Tensor Apply(const at::Tensor& x, const Pass& pass) const;

 private:
  at::Tensor Product(const at::Tensor& x, const Pass& pass) const;
  at::Tensor OfRows(const at::Tensor& x) const;
};

}  // namespace pano::train
