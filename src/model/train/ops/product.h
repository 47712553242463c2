#pragma once

#include <ATen/core/Tensor.h>

namespace pano::train {

// x [..., in], weight [out, in], bias [out] or undefined -> x weight^T + bias [..., out].
at::Tensor Product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias = {});

// The same without gradients, of a matrix that may be a transposed view.
at::Tensor ProductOfConstant(const at::Tensor& x, const at::Tensor& weight);
// y [..., out] weight [out, in] -> [..., in], without gradients: the backward pass of the above.
at::Tensor BackwardProduct(const at::Tensor& y, const at::Tensor& weight);

}  // namespace pano::train
