#include "model/train/adamw.h"

#include <ATen/ATen.h>

#include <cmath>

namespace pano::train {

AdamW::AdamW(TransformerModule* module, const Options& options)
    : module_(module), options_(options) {
  for (const TransformerModule::Parameter& p : module_->parameters()) {
    first_.push_back(at::zeros_like(p.value.detach()));
    second_.push_back(at::zeros_like(p.value.detach()));
  }
}

double AdamW::ClipGradients(double norm_max) {
  double sum = 0;
  for (const TransformerModule::Parameter& p : module_->parameters()) {
    double norm = p.value.grad().norm().item<double>();
    sum += norm * norm;
  }
  double norm = std::sqrt(sum);
  if (norm > norm_max) {
    for (const TransformerModule::Parameter& p : module_->parameters())
      p.value.grad().mul_(norm_max / norm);
  }
  return norm;
}

void AdamW::Step(double learning_rate, int64_t step) {
  at::NoGradGuard no_grad;
  const auto t = static_cast<double>(step);
  const double unbias1 = 1 - std::pow(options_.beta1, t);
  const double unbias2 = std::sqrt(1 - std::pow(options_.beta2, t));
  std::vector<TransformerModule::Parameter>& parameters = module_->parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor value = parameters[i].value;
    at::Tensor gradient = value.grad();
    if (parameters[i].decays) value.mul_(1 - learning_rate * options_.weight_decay);
    first_[i].mul_(options_.beta1).add_(gradient, 1 - options_.beta1);
    second_[i].mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
    at::Tensor divisor = second_[i].sqrt().div_(unbias2).add_(options_.eps);
    value.addcdiv_(first_[i], divisor, -learning_rate / unbias1);
    value.mutable_grad().reset();
  }
}

}  // namespace pano::train
