#include "model/train/frozen_matrix.h"

#include <torch/csrc/autograd/custom_function.h>

#include <utility>

#include "base/check.h"
#include "model/format/weights.h"
#include "model/tensor/blocks.h"
#include "model/tensor/packed.h"
#include "model/train/ops/product.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

// x W^T, whose backward pass decodes W anew instead of keeping it. The matrix outlives the graph.
struct DecodedProduct : torch::autograd::Function<DecodedProduct> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                            int64_t matrix) {
    context->saved_data["matrix"] = matrix;
    return ProductOfConstant(x, reinterpret_cast<const FrozenMatrix*>(matrix)->Dense());
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto* matrix =
        reinterpret_cast<const FrozenMatrix*>(context->saved_data["matrix"].toInt());
    return {BackwardProduct(gradients[0], matrix->Dense()), at::Tensor()};
  }
};

}  // namespace

FrozenMatrix::FrozenMatrix(std::shared_ptr<const format::Weights> files,
                           const tensor::TensorView& view, std::vector<int64_t> rows,
                           bool transposed)
    : files_(std::move(files)), view_(view), rows_(std::move(rows)), transposed_(transposed) {
  PANO_CHECK(view_.shape.size() == 2);
  PANO_CHECK(CanFreeze(view_.dtype));
}

bool CanFreeze(tensor::DType type) { return tensor::IsPacked(type) || tensor::DecoderOf(type) != nullptr; }

void FrozenMatrix::DecodeRow(int64_t row, float* out) const {
  PANO_CHECK(row >= 0 && row < view_.shape[0]);
  if (tensor::IsPacked(view_.dtype)) return tensor::UnpackRow(view_, static_cast<size_t>(row), out);
  const auto count = static_cast<size_t>(view_.shape[1]);
  const size_t row_bytes = view_.bytes / static_cast<size_t>(view_.shape[0]);
  tensor::DecoderOf(view_.dtype)(view_.data + static_cast<size_t>(row) * row_bytes, count, out);
}

int64_t FrozenMatrix::rows() const {
  if (!rows_.empty()) return static_cast<int64_t>(rows_.size());
  return view_.shape[transposed_ ? 1 : 0];
}

at::Tensor FrozenMatrix::Dense() const {
  const int64_t stored_rows = view_.shape[0], width = view_.shape[1];
  if (!transposed_ && !rows_.empty()) {
    at::Tensor out = at::empty({rows(), width}, at::kFloat);
    for (int64_t i = 0; i < rows(); ++i) DecodeRow(rows_[static_cast<size_t>(i)], out.data_ptr<float>() + i * width);
    return out;
  }
  at::Tensor whole;
  const bool aligned = reinterpret_cast<uintptr_t>(view_.data) % alignof(float) == 0;
  if (view_.dtype == tensor::DType::kF32 && aligned) {
    auto* data = const_cast<std::byte*>(view_.data);  // from_blob knows no const
    whole = at::from_blob(data, view_.shape, at::kFloat);
  } else {
    whole = at::empty(view_.shape, at::kFloat);
    for (int64_t i = 0; i < stored_rows; ++i) DecodeRow(i, whole.data_ptr<float>() + i * width);
  }
  if (!transposed_) return whole;
  if (rows_.empty()) return whole.t();
  return whole.t().index_select(0, at::tensor(rows_, at::kLong));
}

at::Tensor FrozenMatrix::Rows(const at::Tensor& ids) const {
  PANO_CHECK(!transposed_);
  std::vector<int64_t> shape = ids.sizes().vec();
  shape.push_back(columns());
  at::Tensor out = at::empty(shape, at::kFloat);
  const at::Tensor plain = ids.contiguous();
  const auto* id = plain.data_ptr<int64_t>();
  for (int64_t i = 0; i < plain.numel(); ++i) {
    DecodeRow(rows_.empty() ? id[i] : rows_[static_cast<size_t>(id[i])], out.data_ptr<float>() + i * columns());
  }
  return out;
}

at::Tensor FrozenMatrix::Product(const at::Tensor& x) const {
  return DecodedProduct::apply(x, static_cast<int64_t>(reinterpret_cast<intptr_t>(this)));
}

}  // namespace pano::train
