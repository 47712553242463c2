#include "model/nn/layers/alibi.h"

#include <cmath>

#include "model/tensor/half.h"

namespace pano::nn {
namespace {

float RoundToBFloat(double x) {
  return tensor::BFloatToFloat(tensor::FloatToBFloat(static_cast<float>(x)));
}

}  // namespace

std::vector<float> AlibiBias(size_t first_head, size_t heads, size_t total_heads, size_t length,
                             int64_t head_dim) {
  const double scale = 1.0 / std::sqrt(static_cast<double>(head_dim));
  size_t whole = 1;
  while (whole * 2 <= total_heads) whole *= 2;
  std::vector<float> bias(heads * length);
  for (size_t i = 0; i < heads; ++i) {
    const size_t h = first_head + i;
    const bool coarse = h < whole;
    const double power =
        coarse ? static_cast<double>(h + 1) : static_cast<double>(2 * (h - whole) + 1);
    const double base = std::exp2(-8.0 / static_cast<double>(coarse ? whole : 2 * whole));
    const float slope = RoundToBFloat(std::pow(base, power));
    for (size_t t = 0; t < length; ++t) {
      const float product = RoundToBFloat(
          static_cast<double>(slope * RoundToBFloat(static_cast<double>(t))));
      bias[i * length + t] = static_cast<float>(static_cast<double>(product) * scale);
    }
  }
  return bias;
}

}  // namespace pano::nn
