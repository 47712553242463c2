#include "model/train/ops/product.h"

#include <torch/csrc/autograd/custom_function.h>

#include "model/train/ops/fused.h"
#include "model/train/ops/matrix_product.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// A 2-d tensor as a matrix: rows, or the columns of a transposed view; else a copy in `hold`.
Matrix MatrixOf(const at::Tensor& t, at::Tensor& hold) {
  if (t.stride(1) == 1 && t.stride(0) >= t.size(1)) return {t.data_ptr<float>(), t.stride(0)};
  if (t.stride(0) == 1 && t.stride(1) >= t.size(0)) return {t.data_ptr<float>(), t.stride(1), true};
  hold = t.contiguous();
  return {hold.data_ptr<float>(), hold.stride(0)};
}

Matrix Transposed(Matrix m) { return {m.data, m.stride, !m.transposed}; }

at::Tensor Rows(const at::Tensor& x) { return x.reshape({-1, x.size(-1)}).contiguous(); }

std::vector<int64_t> WithLast(const at::Tensor& x, int64_t last) {
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = last;
  return shape;
}

// x w^T where `forward`, else x w; `bias` may be undefined.
at::Tensor Times(const at::Tensor& x, const at::Tensor& w, bool forward, const at::Tensor& bias) {
  const at::Tensor rows = Rows(x);
  const int64_t count = rows.size(0), in = rows.size(1), out = w.size(forward ? 0 : 1);
  at::Tensor y = at::empty({count, out}, x.options());
  if (bias.defined()) y.copy_(bias.expand_as(y));
  at::Tensor hold;
  const Matrix weight = MatrixOf(w, hold);
  Multiply(count, out, in, {rows.data_ptr<float>(), in}, forward ? Transposed(weight) : weight,
           bias.defined() ? 1 : 0, y.data_ptr<float>(), out);
  return y.view(WithLast(x, out));
}

struct LinearFunction : torch::autograd::Function<LinearFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["biased"] = bias.has_value();
    return Times(x, weight, true, bias.value_or(at::Tensor()));
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor dy = Rows(gradients[0]);
    variable_list out(3);
    if (context->needs_input_grad(0)) out[0] = Times(gradients[0], weight, false, {});
    if (context->needs_input_grad(1)) {
      const at::Tensor rows = Rows(x);
      out[1] = at::empty(weight.sizes(), weight.options());
      Multiply(weight.size(0), weight.size(1), rows.size(0), {dy.data_ptr<float>(), dy.size(1), true},
               {rows.data_ptr<float>(), rows.size(1)}, 0, out[1].data_ptr<float>(), weight.size(1));
    }
    if (context->saved_data["biased"].toBool() && context->needs_input_grad(2)) out[2] = dy.sum({0});
    return out;
  }
};

}  // namespace

at::Tensor Product(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!TakesKernels({x, weight, bias})) return at::linear(x, weight, bias);
  return LinearFunction::apply(x, weight, bias.defined() ? c10::make_optional(bias) : c10::nullopt);
}

at::Tensor ProductOfConstant(const at::Tensor& x, const at::Tensor& weight) {
  return TakesKernels({x, weight}) ? Times(x, weight, true, {}) : at::linear(x, weight);
}

at::Tensor BackwardProduct(const at::Tensor& y, const at::Tensor& weight) {
  return TakesKernels({y, weight}) ? Times(y, weight, false, {}) : at::matmul(y, weight);
}

}  // namespace pano::train
