#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "model/ops/types.h"
#include "model/nn/model_config.h"

namespace pano::reference {

// The formulas that every layer is made of, one loop each, in float64.

using Vector = std::vector<double>;

// Row-major.
struct Matrix {
  size_t rows = 0, cols = 0;
  Vector values;  // [rows, cols]

  Matrix() = default;
  Matrix(size_t row_count, size_t col_count)
      : rows(row_count), cols(col_count), values(row_count * col_count) {}
  Matrix(size_t row_count, size_t col_count, Vector from)
      : rows(row_count), cols(col_count), values(std::move(from)) {}
  std::span<double> row(size_t r) { return {values.data() + r * cols, cols}; }
  std::span<const double> row(size_t r) const { return {values.data() + r * cols, cols}; }
  double at(size_t r, size_t c) const { return values[r * cols + c]; }
};

struct Linear {
  Matrix weight;  // [out, in]
  Vector bias;    // [out] or empty
  bool present() const { return weight.rows > 0; }
};

struct Norm {
  Vector weight, bias;  // [n]; the bias may be empty, both where there is no norm
  bool present() const { return !weight.empty(); }
};

// y = W x + b.
Vector Apply(const Linear& linear, std::span<const double> x);
// The same for every row.
Matrix Apply(const Linear& linear, const Matrix& x);

// kRms: y = x / sqrt(mean(x^2) + epsilon) * w. kLayer: y = (x - mean(x)) / sqrt(var(x) + epsilon) *
// w + b. `offset` is added to w.
void ApplyNorm(nn::NormKind kind, const Norm& norm, double offset, double epsilon,
               std::span<double> x);

double Activate(ops::Activation activation, double z);

// p = exp(s) / sum(exp(s)), in place.
void Softmax(std::span<double> scores);

// cap * tanh(s / cap); s where cap is 0.
double SoftCap(double s, double cap);

}  // namespace pano::reference
