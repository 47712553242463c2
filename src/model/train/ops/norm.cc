#include "model/train/ops/norm.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "model/kernels/isa.h"
#include "model/train/ops/fused.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Rows whose gradients of the weight are added up on one thread, whatever their number: the order
// of the sum does not depend on the threads.
constexpr int64_t kChunkRows = 128;

struct NormFunction : torch::autograd::Function<NormFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& weight, const c10::optional<at::Tensor>& bias,
                            double epsilon, bool centred) {
    const at::Tensor x = input.contiguous(), w = weight.contiguous();
    const at::Tensor b = bias ? bias->contiguous() : at::Tensor();
    context->saved_data["biased"] = bias.has_value();
    context->save_for_backward({x, w});
    context->saved_data["epsilon"] = epsilon;
    context->saved_data["centred"] = centred;
    const int64_t n = w.numel(), rows = x.numel() / n;
    at::Tensor y = at::empty(x.sizes(), x.options());
    const kernels::Isa& isa = kernels::SelectIsa();
    const kernels::NormFn norm = centred ? isa.layer_norm : isa.rms_norm;
    const float *from = x.data_ptr<float>(), *scale = w.data_ptr<float>();
    const float* shift = b.defined() ? b.data_ptr<float>() : nullptr;
    float* to = y.data_ptr<float>();
    at::parallel_for(0, rows, kChunkRows, [&](int64_t begin, int64_t end) {
      const auto width = static_cast<size_t>(n);
      norm({.x = from + begin * n, .x_stride = width, .y = to + begin * n, .y_stride = width,
            .rows = static_cast<size_t>(end - begin), .width = width, .weight = scale, .bias = shift,
            .epsilon = static_cast<float>(epsilon)});
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1];
    const at::Tensor dy = gradients[0].contiguous();
    const auto epsilon = static_cast<float>(context->saved_data["epsilon"].toDouble());
    const bool centred = context->saved_data["centred"].toBool();
    const bool shifts = context->saved_data["biased"].toBool() && context->needs_input_grad(2);
    const int64_t n = w.numel(), rows = x.numel() / n, chunks = (rows + kChunkRows - 1) / kChunkRows;
    at::Tensor dx = at::empty(x.sizes(), x.options());
    const at::Tensor dw = at::zeros({chunks, n}, x.options());
    const at::Tensor db = shifts ? at::zeros({chunks, n}, x.options()) : at::Tensor();
    const kernels::TrainingKernels& training = kernels::SelectIsa().training;
    const auto norm = centred ? training.layer_norm : training.rms_norm;
    const float *from = x.data_ptr<float>(), *scale = w.data_ptr<float>(), *d = dy.data_ptr<float>();
    float *to = dx.data_ptr<float>(), *to_w = dw.data_ptr<float>();
    float* to_b = shifts ? db.data_ptr<float>() : nullptr;
    at::parallel_for(0, chunks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * kChunkRows; i < std::min(end * kChunkRows, rows); ++i) {
        const int64_t chunk = i / kChunkRows;
        norm(from + i * n, scale, d + i * n, epsilon, static_cast<size_t>(n), to + i * n, to_w + chunk * n,
             to_b ? to_b + chunk * n : nullptr);
      }
    });
    return {dx, dw.sum({0}), shifts ? db.sum({0}) : at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor Normalise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                     double epsilon, bool centred) {
  const bool row = weight.dim() == 1 && (!bias.defined() || bias.dim() == 1) && x.numel() > 0;
  // RMSNorm's kernel has no bias.
  const bool biased = bias.defined();
  if (row && (centred || !biased) && TakesKernels({x, weight, bias})) {
    return NormFunction::apply(x, weight, biased ? c10::make_optional(bias) : c10::nullopt, epsilon, centred);
  }
  const at::Tensor middle = centred ? x - x.mean({-1}, true) : x;
  const at::Tensor out = middle * at::rsqrt(middle.square().mean({-1}, true) + epsilon) * weight;
  return biased ? out + bias : out;
}

}  // namespace pano::train
