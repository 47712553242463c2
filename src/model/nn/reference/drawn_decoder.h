#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "model/nn/reference/decoder.h"
#include "model/nn/reference/drawn_tensors.h"
#include "model/nn/reference/random_config.h"

namespace pano::reference {

// A decoder made from a seed, some sequences, and what the reference pass says about them.
struct DrawnDecoder {
  RandomDecoder model;
  format::ModelFiles files;  // its tensors
  std::vector<std::vector<nn::TokenId>> sequences;
  std::vector<Matrix> logits;  // of each sequence: [tokens, vocab]
  // max|a - b| / max|b| that a float32 pass may differ by: BoundOf what the logits move by when
  // every tensor is rounded once.
  double bound = 0;
};

// A float32 pass rounds more often than its tensors and its results alone: every product, sum and
// function. Over 1,500 seeds it is off by at most 8 times what both of these do.
inline double BoundOf(double moved_by_rounded_tensors) {
  constexpr double kRoundings = 16, kHalfUnit = 0x1p-24;
  return kRoundings * (moved_by_rounded_tensors + kHalfUnit);
}
// max|a - b| / max|b|, as --compute f32 promises it.
inline constexpr double kF32Bound = 2e-5;
// Router probabilities are sums of some dozens of products: float32 decides by less than this.
inline constexpr double kRoutingMargin = 1e-4;

// Models are drawn until the bound is below what --compute f32 promises, sequences until no
// token's experts are decided by less than float32 can tell apart. The first sequence is as long as
// the context, unless routing is a near tie too often.
DrawnDecoder MakeDecoder(uint64_t seed);

// max|a - b| / max|b| over the logits of all sequences, `a` as the fast pass gives them or as this
// one does. Huge for values that are no numbers.
template <typename Rows>
double Difference(const std::vector<Rows>& a, const std::vector<Matrix>& b);

// What the reference pass says when the same tensors are read by another configuration.
std::vector<Matrix> LogitsAs(const DrawnDecoder& drawn, const nn::ModelConfig& config);

// Implementation details follow.

inline const std::vector<float>& ValuesOf(const std::vector<float>& row) { return row; }
inline const Vector& ValuesOf(const Matrix& matrix) { return matrix.values; }

template <typename Rows>
double Difference(const std::vector<Rows>& a, const std::vector<Matrix>& b) {
  double worst = 0, largest = 0;
  PANO_CHECK(a.size() == b.size() && !b.empty());
  for (size_t s = 0; s < b.size(); ++s) {
    const auto& values = ValuesOf(a[s]);
    PANO_CHECK(values.size() == b[s].values.size() && !values.empty());
    for (size_t i = 0; i < values.size(); ++i) {
      const double difference = std::abs(static_cast<double>(values[i]) - b[s].values[i]);
      worst = std::max(worst, std::isfinite(difference) ? difference : 1e30);
      largest = std::max(largest, std::abs(b[s].values[i]));
    }
  }
  return worst / largest;
}

}  // namespace pano::reference
