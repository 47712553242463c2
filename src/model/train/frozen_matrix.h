#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "model/format/fwd.h"
#include "model/tensor/tensor.h"

namespace pano::train {

// Whether a matrix of this type can be one: any plain, block or packed type that has values.
bool CanFreeze(tensor::DType type);

// A matrix [rows, columns] that is not trained, as it lies in a model's files: 16 bits, or blocks or
// panels of 4 or 8 bits a weight, decoded when it is needed. Immutable, so thread-safe.
class FrozenMatrix {
 public:
  // Rows `rows` of the stored tensor, in that order; empty: all, in theirs. `transposed`: the
  // tensor is stored [columns, rows]. Keeps `files` alive, of which `view` is.
  FrozenMatrix(std::shared_ptr<const format::Weights> files, const tensor::TensorView& view,
               std::vector<int64_t> rows, bool transposed);

  int64_t rows() const;
  int64_t columns() const { return view_.shape[transposed_ ? 0 : 1]; }
  // [rows, columns] in 32 bits; no copy where that is how it lies.
  at::Tensor Dense() const;
  // The rows of `ids` (int64, any shape): [..., columns].
  at::Tensor Rows(const at::Tensor& ids) const;
  // x [..., columns] -> [..., rows], with a gradient for x that needs no copy of the matrix.
  at::Tensor Product(const at::Tensor& x) const;

 private:
  void DecodeRow(int64_t row, float* out) const;

  const std::shared_ptr<const format::Weights> files_;
  const tensor::TensorView view_;
  const std::vector<int64_t> rows_;
  const bool transposed_;
};

}  // namespace pano::train
