#include "model/train/ops/rotation.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cstring>

#include "model/train/ops/fused.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kTokens = 64;  // that a thread takes at least

// y = a row of x turned by the row's angles, or, `back`, by the negative ones as the transposed
// rotation has it: what stands at a pair's first component uses the second's sine and cosine.
template <bool kBack>
void TurnPair(const float* __restrict x, const float* __restrict c, const float* __restrict s,
              int64_t first, int64_t second, int64_t step, int64_t count, float* __restrict y) {
  for (int64_t i = 0; i < count; ++i) {
    const int64_t a = first + i * step, b = second + i * step;
    if constexpr (kBack) {
      y[a] = x[a] * c[a] + x[b] * s[b];
      y[b] = x[b] * c[b] - x[a] * s[a];
    } else {
      y[a] = x[a] * c[a] - x[b] * s[a];
      y[b] = x[b] * c[b] + x[a] * s[b];
    }
  }
}

template <bool kBack>
at::Tensor Turned(const at::Tensor& input, const at::Tensor& cos, const at::Tensor& sin,
                  bool interleaved) {
  const at::Tensor x = input.contiguous();
  at::Tensor y = at::empty(x.sizes(), x.options());
  const int64_t length = x.size(1), tokens = x.size(0) * length, heads = x.size(2), size = x.size(3);
  const int64_t rotated = cos.size(-1), half = rotated / 2;
  const bool batched = cos.dim() == 4;
  const float *from = x.data_ptr<float>(), *c = cos.data_ptr<float>(), *s = sin.data_ptr<float>();
  float* to = y.data_ptr<float>();
  at::parallel_for(0, tokens, kTokens, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t angle = (batched ? t : t % length) * rotated;
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t at = (t * heads + h) * size;
        if (interleaved) {
          TurnPair<kBack>(from + at, c + angle, s + angle, 0, 1, 2, half, to + at);
        } else {
          TurnPair<kBack>(from + at, c + angle, s + angle, 0, half, 1, half, to + at);
        }
        if (rotated < size) {
          std::memcpy(to + at + rotated, from + at + rotated,
                      static_cast<size_t>(size - rotated) * sizeof(float));
        }
      }
    }
  });
  return y;
}

struct RotateFunction : torch::autograd::Function<RotateFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cos,
                            const at::Tensor& sin, bool interleaved) {
    context->save_for_backward({cos, sin});
    context->saved_data["interleaved"] = interleaved;
    return Turned<false>(x, cos, sin, interleaved);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const bool interleaved = context->saved_data["interleaved"].toBool();
    return {Turned<true>(gradients[0], saved[0], saved[1], interleaved), at::Tensor(), at::Tensor(),
            at::Tensor()};
  }
};

// What the sine multiplies: of the pair (a, b) the components (-b, a).
at::Tensor Quarter(const at::Tensor& x, bool interleaved) {
  if (!interleaved) {
    const int64_t half = x.size(-1) / 2;
    return at::cat({x.narrow(-1, half, half).neg(), x.narrow(-1, 0, half)}, -1);
  }
  const at::Tensor pairs = x.unflatten(-1, {x.size(-1) / 2, 2});
  return at::stack({pairs.select(-1, 1).neg(), pairs.select(-1, 0)}, -1).flatten(-2);
}

}  // namespace

at::Tensor Rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin, bool interleaved) {
  if (TakesKernels({x, cos, sin}) && cos.is_contiguous() && sin.is_contiguous()) {
    return RotateFunction::apply(x, cos, sin, interleaved);
  }
  const int64_t size = x.size(-1), rotated = cos.size(-1);
  const at::Tensor part = rotated == size ? x : x.narrow(-1, 0, rotated);
  const at::Tensor out = part * cos + Quarter(part, interleaved) * sin;
  return rotated == size ? out : at::cat({out, x.narrow(-1, rotated, size - rotated)}, -1);
}

}  // namespace pano::train
