#include "model/train/ops/activation.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstring>

#include "model/kernels/isa.h"
#include "model/train/ops/fused.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using kernels::Activation;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kSlice = 1 << 13;  // values that a thread takes at least

// f(begin, count) for parts of `count` values, on threads.
template <typename F>
void ForSlices(int64_t count, F f) {
  at::parallel_for(0, count, kSlice, [&](int64_t begin, int64_t end) {
    f(begin, static_cast<size_t>(end - begin));
  });
}

// The backward pass keeps the inputs, not the outputs.
struct ActivateFunction : torch::autograd::Function<ActivateFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, int64_t activation) {
    const at::Tensor x = input.contiguous();
    context->save_for_backward({x});
    context->saved_data["activation"] = activation;
    at::Tensor y = at::empty(x.sizes(), x.options());
    const auto fn = kernels::SelectIsa().activation(static_cast<Activation>(activation)).plain;
    const float* from = x.data_ptr<float>();
    float* to = y.data_ptr<float>();
    ForSlices(x.numel(), [&](int64_t i, size_t n) {
      std::memcpy(to + i, from + i, n * sizeof(float));
      fn(to + i, n);
    });
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const at::Tensor x = context->get_saved_variables()[0], dy = gradients[0].contiguous();
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    const auto fn = kernels::SelectIsa().training.activation(activation).plain;
    at::Tensor dx = at::empty(x.sizes(), x.options());
    const float *from = x.data_ptr<float>(), *d = dy.data_ptr<float>();
    float* to = dx.data_ptr<float>();
    ForSlices(x.numel(), [&](int64_t i, size_t n) { fn(from + i, d + i, n, to + i); });
    return {dx, at::Tensor()};
  }
};

struct GatedFunction : torch::autograd::Function<GatedFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& gate_input,
                            const at::Tensor& up_input, int64_t activation) {
    const at::Tensor gate = gate_input.contiguous(), up = up_input.contiguous();
    context->save_for_backward({gate, up});
    context->saved_data["activation"] = activation;
    at::Tensor y = at::empty(gate.sizes(), gate.options());
    const auto fn = kernels::SelectIsa().activation(static_cast<Activation>(activation)).gated;
    const float *g = gate.data_ptr<float>(), *u = up.data_ptr<float>();
    float* to = y.data_ptr<float>();
    ForSlices(gate.numel(), [&](int64_t i, size_t n) {
      std::memcpy(to + i, g + i, n * sizeof(float));
      fn(to + i, u + i, n);
    });
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &gate = saved[0], &up = saved[1];
    const at::Tensor dy = gradients[0].contiguous();
    const auto activation = static_cast<Activation>(context->saved_data["activation"].toInt());
    const auto fn = kernels::SelectIsa().training.activation(activation).gated;
    at::Tensor dgate = at::empty(gate.sizes(), gate.options()), dup = at::empty(up.sizes(), up.options());
    const float *g = gate.data_ptr<float>(), *u = up.data_ptr<float>(), *d = dy.data_ptr<float>();
    float *to_gate = dgate.data_ptr<float>(), *to_up = dup.data_ptr<float>();
    ForSlices(gate.numel(), [&](int64_t i, size_t n) { fn(g + i, u + i, d + i, n, to_gate + i, to_up + i); });
    return {dgate, dup, at::Tensor()};
  }
};

at::Tensor ActivateByTorch(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kSilu:
      return at::silu(x);
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kQuickGelu:
      return x * at::sigmoid(x * 1.702);
    case Activation::kRelu:
      break;
  }
  return at::relu(x);
}

}  // namespace

at::Tensor Activate(const at::Tensor& x, Activation activation) {
  if (!TakesKernels({x})) return ActivateByTorch(x, activation);
  return ActivateFunction::apply(x, static_cast<int64_t>(activation));
}

at::Tensor GatedActivate(const at::Tensor& gate, const at::Tensor& up, Activation activation) {
  if (!TakesKernels({gate, up})) return ActivateByTorch(gate, activation) * up;
  return GatedFunction::apply(gate, up, static_cast<int64_t>(activation));
}

}  // namespace pano::train
