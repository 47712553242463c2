#include "model/train/ops/cross_entropy.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "base/check.h"
#include "model/kernels/isa.h"
#include "model/train/ops/fused.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Rows that a thread takes at least.
int64_t RowsAtLeast(int64_t classes) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(1, classes)); }

// Keeps the logits and a number a row, not the probabilities.
struct CrossEntropyFunction : torch::autograd::Function<CrossEntropyFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& labels,
                            int64_t no_label) {
    const at::Tensor logits = input.contiguous(), targets = labels.contiguous();
    const int64_t rows = logits.size(0), classes = logits.size(1);
    const at::Tensor log_sums = at::empty({rows}, logits.options());
    const auto log_sum_exp = kernels::SelectIsa().training.log_sum_exp;
    const float* x = logits.data_ptr<float>();
    const auto* target = targets.data_ptr<int64_t>();
    float* log_sum = log_sums.data_ptr<float>();
    for (int64_t i = 0; i < rows; ++i) {
      PANO_CHECK(target[i] == no_label || (target[i] >= 0 && target[i] < classes));
    }
    at::parallel_for(0, rows, RowsAtLeast(classes), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (target[i] != no_label) log_sum[i] = log_sum_exp(x + i * classes, static_cast<size_t>(classes));
      }
    });
    double loss = 0;  // in the order of the rows
    for (int64_t i = 0; i < rows; ++i) {
      if (target[i] == no_label) continue;
      loss += static_cast<double>(log_sum[i]) - static_cast<double>(x[i * classes + target[i]]);
    }
    context->save_for_backward({logits, targets, log_sums});
    context->saved_data["no_label"] = no_label;
    return at::full({}, loss, logits.options());
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& logits = saved[0];
    const int64_t rows = logits.size(0), classes = logits.size(1);
    const int64_t no_label = context->saved_data["no_label"].toInt();
    const auto factor = gradients[0].item<float>();
    at::Tensor dx = at::empty(logits.sizes(), logits.options());
    const auto exp_scaled = kernels::SelectIsa().training.exp_scaled;
    const float *x = logits.data_ptr<float>(), *log_sum = saved[2].data_ptr<float>();
    const auto* target = saved[1].data_ptr<int64_t>();
    float* to = dx.data_ptr<float>();
    at::parallel_for(0, rows, RowsAtLeast(classes), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        float* row = to + i * classes;
        if (target[i] == no_label) {
          std::fill(row, row + classes, 0.0f);
          continue;
        }
        exp_scaled(x + i * classes, log_sum[i], factor, static_cast<size_t>(classes), row);
        row[target[i]] -= factor;
      }
    });
    return {dx, at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor CrossEntropySum(const at::Tensor& logits, const at::Tensor& targets, int64_t no_label) {
  if (TakesKernels({logits})) return CrossEntropyFunction::apply(logits, targets, no_label);
  return at::cross_entropy_loss(logits, targets, {}, at::Reduction::Sum, no_label);
}

}  // namespace pano::train
