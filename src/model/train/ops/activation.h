#pragma once

#include <ATen/core/Tensor.h>

#include "model/kernels/activation/activation.h"

namespace pano::train {

// f(x), one by one.
at::Tensor Activate(const at::Tensor& x, kernels::Activation activation);

// f(gate) up, both of one shape.
at::Tensor GatedActivate(const at::Tensor& gate, const at::Tensor& up,
                         kernels::Activation activation);

}  // namespace pano::train
