#include "model/nn/reference/formulas.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"

namespace pano::reference {

Vector Apply(const Linear& linear, std::span<const double> x) {
  PANO_CHECK(x.size() == linear.weight.cols);
  Vector y(linear.weight.rows);
  for (size_t r = 0; r < y.size(); ++r) {
    double sum = linear.bias.empty() ? 0.0 : linear.bias[r];
    for (size_t c = 0; c < x.size(); ++c) sum += linear.weight.at(r, c) * x[c];
    y[r] = sum;
  }
  return y;
}

Matrix Apply(const Linear& linear, const Matrix& x) {
  Matrix y(x.rows, linear.weight.rows);
  for (size_t r = 0; r < x.rows; ++r) std::ranges::copy(Apply(linear, x.row(r)), y.row(r).begin());
  return y;
}

void ApplyNorm(nn::NormKind kind, const Norm& norm, double offset, double epsilon,
               std::span<double> x) {
  PANO_CHECK(x.size() == norm.weight.size());
  const auto n = static_cast<double>(x.size());
  double mean = 0;
  if (kind == nn::NormKind::kLayer) {
    for (double value : x) mean += value / n;
  }
  double square = 0;
  for (double value : x) square += (value - mean) * (value - mean) / n;
  for (size_t i = 0; i < x.size(); ++i) {
    x[i] = (x[i] - mean) / std::sqrt(square + epsilon) * (norm.weight[i] + offset);
    if (kind == nn::NormKind::kLayer && !norm.bias.empty()) x[i] += norm.bias[i];
  }
}

double Activate(ops::Activation activation, double z) {
  switch (activation) {
    case ops::Activation::kSilu:
      return z / (1.0 + std::exp(-z));
    case ops::Activation::kGelu:
      return z * 0.5 * (1.0 + std::erf(z / std::numbers::sqrt2));
    case ops::Activation::kGeluTanh:
      return 0.5 * z *
             (1.0 + std::tanh(std::sqrt(2.0 / std::numbers::pi) * (z + 0.044715 * z * z * z)));
    case ops::Activation::kQuickGelu:
      return z / (1.0 + std::exp(-1.702 * z));
    case ops::Activation::kRelu:
      return std::max(z, 0.0);
  }
  PANO_CHECK(false);
  return 0;
}

void Softmax(std::span<double> scores) {
  const double top = *std::ranges::max_element(scores);
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - top);
  for (double& score : scores) score /= sum;
}

double SoftCap(double s, double cap) { return cap > 0 ? cap * std::tanh(s / cap) : s; }

}  // namespace pano::reference
