#include "model/train/linear_layer.h"

#include <ATen/CPUGeneratorImpl.h>

#include "model/train/ops/product.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {

Dropout::Dropout(double fraction, uint64_t seed)
    : fraction_(fraction), generator_(at::detail::createCPUGenerator(seed)) {}

at::Tensor Dropout::Drop(const at::Tensor& x, double fraction) {
  if (fraction <= 0) return x;
  at::Tensor mask = at::empty(x.sizes(), x.options());
  return x * mask.bernoulli_(1 - fraction, generator_).div_(1 - fraction);
}

at::Tensor Pass::Low(const at::Tensor& x) const {
  if (precision == Precision::kF32) return x;
  return x.to(precision == Precision::kBf16 ? at::kBFloat16 : at::kHalf).to(x.scalar_type());
}

at::Tensor LinearLayer::Product(const at::Tensor& x, const Pass& pass) const {
  if (frozen) return pass.Low(frozen->Product(pass.Low(x)));
  return pass.Low(train::Product(pass.Low(x), pass.Low(weight)));
}

at::Tensor LinearLayer::OfRows(const at::Tensor& x) const {
  return low_rank_rows.defined() ? x.index_select(0, low_rank_rows) : x;
}

at::Tensor LinearLayer::Apply(const at::Tensor& x, const Pass& pass) const {
  const bool adapted = low_rank && pass.adapters;
  if (!adapted && !frozen && pass.precision == Precision::kF32) {
    return train::Product(x, weight, bias);
  }
  at::Tensor out = Product(x, pass);
  if (adapted) {
    const LowRankModule& module = *low_rank;
    const bool drops = pass.dropout && module.dropout > 0;
    const at::Tensor input = drops ? pass.dropout->Drop(x, module.dropout) : x;
    const at::Tensor b = OfRows(module.b);
    const at::Tensor inner = pass.Low(train::Product(pass.Low(input), pass.Low(module.a)));
    at::Tensor delta = pass.Low(train::Product(inner, pass.Low(b))) * module.scale;
    if (module.magnitude.defined()) {
      // The length of the rows is a constant in the backward pass (section 4.3 of the paper).
      at::Tensor length;
      {
        at::NoGradGuard no_grad;
        const at::Tensor dense = frozen ? frozen->Dense() : weight.detach();
        length = (dense + at::matmul(b, module.a) * module.scale).norm(2, {1});
      }
      const at::Tensor factor = OfRows(module.magnitude) / length;
      delta = delta * factor + (factor - 1) * (drops ? Product(input, pass) : out);
    }
    out = out + delta;
  }
  return bias.defined() ? out + bias : out;
}

}  // namespace pano::train
