#include "model/train/optimizer.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.h"
#include "base/strings.h"
#include "model/kernels/isa.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {
namespace {

// 256 values in [-1, 1] or [0, 1] whose steps grow with them: 7 decades of size with the more
// fraction bits the larger they are ("dynamic tree quantization" of the paper).
std::vector<float> DynamicTable(bool has_sign) {
  std::vector<float> values;
  const int decades = 7, bits = 7;
  for (int i = 0; i < decades; ++i) {
    const int count = 1 << (has_sign ? i : i + 1);
    for (int j = 0; j < count; ++j) {
      // The middles of `count` equal parts of [0.1, 1].
      const double middle = 0.1 + 0.9 * (static_cast<double>(j) + 0.5) / static_cast<double>(count);
      const double value = middle * std::pow(10.0, i - (bits - 1));
      values.push_back(static_cast<float>(value));
      if (has_sign) values.push_back(static_cast<float>(-value));
    }
  }
  values.push_back(0.0f);
  values.push_back(1.0f);
  while (values.size() < 256) values.push_back(1.0f);
  std::ranges::sort(values);
  return values;
}

constexpr int64_t kSliceValues = 1 << 14;  // that a thread takes at least, and whose squares are one sum

at::Tensor AsTensor(const std::vector<float>& values) { return at::tensor(values, at::kFloat); }

at::Tensor Limits(const at::Tensor& table) {
  return (table.narrow(0, 0, 255) + table.narrow(0, 1, 255)) * 0.5;
}

}  // namespace

double GradientNorm(const std::vector<Trainable>& parameters) {
  at::NoGradGuard no_grad;
  const auto squares = kernels::SelectIsa().training.squares;
  double sum = 0;
  for (const Trainable& p : parameters) {
    if (!p.value.grad().defined()) continue;
    const at::Tensor gradient = p.value.grad().contiguous();
    const float* data = gradient.data_ptr<float>();
    const int64_t count = gradient.numel(), slices = (count + kSliceValues - 1) / kSliceValues;
    std::vector<double> parts(static_cast<size_t>(slices));
    at::parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t from = i * kSliceValues;
        parts[static_cast<size_t>(i)] = squares(data + from, static_cast<size_t>(std::min(kSliceValues, count - from)));
      }
    });
    for (double part : parts) sum += part;
  }
  return std::sqrt(sum);
}

void ScaleGradients(const std::vector<Trainable>& parameters, double factor) {
  at::NoGradGuard no_grad;
  for (const Trainable& p : parameters) {
    if (p.value.grad().defined()) p.value.grad().mul_(factor);
  }
}

Optimizer::Optimizer(std::vector<Trainable>* parameters, const Recipe::Optimizer& options)
    : parameters_(parameters), options_(options), first_(parameters->size()), second_(parameters->size()) {
  if (!options_.eight_bit) return;
  signed_table_ = AsTensor(DynamicTable(true));
  unsigned_table_ = AsTensor(DynamicTable(false));
  signed_limits_ = Limits(signed_table_);
  unsigned_limits_ = Limits(unsigned_table_);
}

at::Tensor Optimizer::Load(const Moment& moment, const at::Tensor& like) const {
  if (!moment.values.defined()) return at::zeros_like(like);
  if (!moment.scales.defined()) return moment.values;
  const at::Tensor& table = moment.scales.size(0) > 0 && moment.scales.dim() == 2 ? signed_table_ : unsigned_table_;
  const at::Tensor scales = moment.scales.reshape({-1, 1});
  const at::Tensor values = table.index_select(0, moment.values.to(at::kInt)).view({-1, kBlock}) * scales;
  return values.flatten().narrow(0, 0, like.numel()).view(like.sizes());
}

// Scales of signed moments are [blocks, 1], of others [blocks]: so a stored state says which it is.
void Optimizer::Store(Moment& moment, const at::Tensor& values, bool has_sign) const {
  if (!options_.eight_bit) {
    moment.values = values;
    return;
  }
  const int64_t blocks = (values.numel() + kBlock - 1) / kBlock;
  const at::Tensor padded = at::constant_pad_nd(values.flatten(), {0, blocks * kBlock - values.numel()}, 0);
  const at::Tensor rows = padded.view({blocks, kBlock});
  const at::Tensor scales = rows.abs().amax({1}, true);
  const at::Tensor unit = rows / scales.clamp_min(1e-38);
  const at::Tensor codes = at::bucketize(unit.contiguous(), has_sign ? signed_limits_ : unsigned_limits_, /*out_int32=*/true);
  moment.values = codes.to(at::kByte).flatten();
  moment.scales = has_sign ? scales : scales.flatten();
}

void Optimizer::Update(size_t index, double learning_rate, int64_t step) {
  at::NoGradGuard no_grad;
  const Trainable& p = (*parameters_)[index];
  if (!p.value.grad().defined()) return;
  const at::Tensor gradient = p.value.grad().contiguous();
  const at::Tensor value = p.value.detach();
  PANO_CHECK(value.is_contiguous());
  const at::Tensor first = Load(first_[index], value), second = Load(second_[index], value);
  const auto t = static_cast<double>(step);
  kernels::AdamStep adam;
  adam.learning_rate = static_cast<float>(learning_rate / (1 - std::pow(options_.beta1, t)));
  adam.keep = static_cast<float>(p.decays ? 1 - learning_rate * options_.weight_decay : 1);
  adam.beta1 = static_cast<float>(options_.beta1);
  adam.beta2 = static_cast<float>(options_.beta2);
  adam.unbias2 = static_cast<float>(std::sqrt(1 - std::pow(options_.beta2, t)));
  adam.epsilon = static_cast<float>(options_.eps);
  const auto apply = kernels::SelectIsa().training.adam;
  float *data = value.data_ptr<float>(), *m = first.data_ptr<float>(), *v = second.data_ptr<float>();
  const float* g = gradient.data_ptr<float>();
  at::parallel_for(0, value.numel(), kSliceValues, [&](int64_t begin, int64_t end) {
    apply(data + begin, g + begin, m + begin, v + begin, static_cast<size_t>(end - begin), adam);
  });
  Store(first_[index], first, true);
  Store(second_[index], second, false);
}

void Optimizer::UpdateAll(double learning_rate, int64_t step) {
  for (size_t i = 0; i < parameters_->size(); ++i) Update(i, learning_rate, step);
}

NamedTensors Optimizer::State() const {
  NamedTensors out;
  auto put = [&](std::string_view what, const std::string& name, const Moment& moment) {
    if (!moment.values.defined()) return;
    out.emplace_back(StrCat(what, ".", name), moment.values);
    if (moment.scales.defined()) out.emplace_back(StrCat(what, "_scale.", name), moment.scales);
  };
  for (size_t i = 0; i < parameters_->size(); ++i) {
    const std::string& name = (*parameters_)[i].name;
    put("first", name, first_[i]);
    put("second", name, second_[i]);
  }
  return out;
}

Status Optimizer::Restore(NamedTensors state) {
  std::map<std::string, at::Tensor> by_name(std::make_move_iterator(state.begin()), std::make_move_iterator(state.end()));
  auto take = [&](const std::string& name) {
    const auto found = by_name.find(name);
    if (found == by_name.end()) return at::Tensor();
    at::Tensor out = std::move(found->second);
    by_name.erase(found);
    return out;
  };
  for (size_t i = 0; i < parameters_->size(); ++i) {
    const Trainable& p = (*parameters_)[i];
    for (const auto& [what, moment] : {std::pair("first", &first_[i]), std::pair("second", &second_[i])}) {
      moment->values = take(StrCat(what, ".", p.name));
      moment->scales = take(StrCat(what, "_scale.", p.name));
      if (!moment->values.defined()) continue;
      const int64_t blocks = (p.value.numel() + kBlock - 1) / kBlock;
      const bool fits = options_.eight_bit
                            ? moment->scales.defined() && moment->scales.numel() == blocks &&
                                  moment->scales.scalar_type() == at::kFloat && moment->values.scalar_type() == at::kByte &&
                                  moment->values.numel() == blocks * kBlock
                            : !moment->scales.defined() && moment->values.scalar_type() == at::kFloat &&
                                  moment->values.sizes() == p.value.sizes();
      if (!fits) return Corruption(StrCat("the optimizer's state of '", p.name, "' is of another shape or kind"));
    }
  }
  if (by_name.empty()) return {};
  return Corruption(StrCat("the optimizer has no '", Printable(by_name.begin()->first), "'"));
}

}  // namespace pano::train
