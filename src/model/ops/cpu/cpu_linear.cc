// Matrix products. Packed matrices go together, so that x is quantised once and threads share the
// panels of all of them; the others follow one after another.
#include <algorithm>

#include "model/ops/cpu/cpu_operators.h"
#include "model/tensor/packed.h"

namespace pano::ops {

// Kernels read and write whole rows side by side: views with gaps go through scratch.
void CpuOperators::MatrixProducts(OpContext& context, ConstRows x,
                                  std::span<const MatrixProduct> products) {
  const bool plain = x.contiguous() && std::ranges::all_of(products, [](const MatrixProduct& p) {
                       return p.y.contiguous();
                     });
  if (plain) return Multiply(context, x, products);
  Workspace::Scope scope(context.workspace());
  if (!x.contiguous()) {
    const Rows copy = scope.Take(x.rows, x.width);
    Copy(context, x, copy);
    x = copy;
  }
  for (MatrixProduct product : products) {
    const Rows y = product.y;
    product.y = y.contiguous() ? y : scope.Take(y.rows, y.width);
    Multiply(context, x, {&product, 1});
    if (!y.contiguous()) Copy(context, product.y, y);
  }
}

void CpuOperators::Multiply(OpContext& context, ConstRows x,
                            std::span<const MatrixProduct> products) {
  packed_.clear();
  for (const MatrixProduct& product : products) {
    if (compute_ == Compute::kFast && tensor::IsPacked(product.weight->dtype)) {
      packed_.push_back({product.weight, product.bias, product.y.data});
      continue;
    }
    kernels::MatMulArgs args;
    args.w = product.weight;
    args.x = x.data;
    args.bias = product.bias;
    args.y = product.y.data;
    args.m = x.rows;
    args.n = product.y.width;
    args.k = x.width;
    kernels::MatMul(args, context.pool());
  }
  if (!packed_.empty()) {
    const auto multiply = context.keeps_rows() ? kernels::PackedMatMulByRows : kernels::PackedMatMul;
    multiply(packed_, x.data, x.rows, x.width, quantised_, context.pool());
  }
}

}  // namespace pano::ops
