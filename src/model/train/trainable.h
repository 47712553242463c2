#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

namespace pano::train {

// A tensor that is learnt; a leaf whose gradient autograd fills.
struct Trainable {
  std::string name;  // unique
  at::Tensor value;  // in 32 bits
  bool decays = true;
};

// Whether the default rule leaves a tensor of this name undecayed, as transformers' trainer does:
// names that contain, in lower case, "bias", "layernorm" or "rmsnorm", or have a part "norm" or
// one that ends with "_norm". (Modules that are torch.nn.LayerNorm are left out too, whatever they
// are called.)
bool NameIsUndecayed(std::string_view name);

}  // namespace pano::train
