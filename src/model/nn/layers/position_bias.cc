#include "model/nn/layers/position_bias.h"

#include <algorithm>
#include <cmath>

#include "model/nn/layers/mixers.h"
#include "model/tensor/half.h"

namespace pano::nn {
namespace {

// The bucket of a key at `distance` from the query (Raffel et al., 2020): one each for the near
// ones, then logarithmic up to `farthest`. In float, as the published weights were trained: the
// edges of the buckets depend on its rounding.
int64_t Bucket(int64_t distance, int64_t buckets, int64_t farthest, bool causal) {
  int64_t base = 0;
  if (causal) {
    distance = std::max<int64_t>(0, -distance);
  } else {
    buckets /= 2;
    if (distance > 0) base = buckets;
    distance = std::abs(distance);
  }
  const int64_t exact = buckets / 2;
  if (distance < exact) return base + distance;
  const auto edge = static_cast<float>(exact);
  const auto span =
      static_cast<float>(std::log(static_cast<double>(farthest) / static_cast<double>(exact)));
  const float share = std::log(static_cast<float>(distance) / edge) / span;
  const auto further = static_cast<int64_t>(share * static_cast<float>(buckets - exact));
  return base + std::min(exact + further, buckets - 1);
}

float ToBFloatAndBack(double x) {
  return tensor::BFloatToFloat(tensor::FloatToBFloat(static_cast<float>(x)));
}

}  // namespace

PositionBias::PositionBias(const ModelConfig& config, std::span<const float> relative_bias,
                           int64_t first_head, int64_t total_heads)
    : config_(config), relative_bias_(relative_bias) {
  if (config.alibi) FillAlibi(Size(first_head), Size(total_heads));
}

// A slope for each head: powers of 2^(-8/n) for the largest power of two n, then every second power
// of the next finer scale. The published weights were made with bfloat16 products and with the
// scale of the scores on top.
void PositionBias::FillAlibi(size_t first_head, size_t total_heads) {
  const size_t heads = Size(config_.head_count), length = Size(config_.context_length);
  const double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_dim));
  size_t whole = 1;
  while (whole * 2 <= total_heads) whole *= 2;
  alibi_.resize(heads * length);
  for (size_t i = 0; i < heads; ++i) {
    const size_t h = first_head + i;
    const bool coarse = h < whole;
    const double power =
        coarse ? static_cast<double>(h + 1) : static_cast<double>(2 * (h - whole) + 1);
    const double base = std::exp2(-8.0 / static_cast<double>(coarse ? whole : 2 * whole));
    const float slope = ToBFloatAndBack(std::pow(base, power));
    for (size_t t = 0; t < length; ++t) {
      const float product = ToBFloatAndBack(
          static_cast<double>(slope * ToBFloatAndBack(static_cast<double>(t))));
      alibi_[i * length + t] = static_cast<float>(static_cast<double>(product) * scale);
    }
  }
}

void PositionBias::FillRelative(int64_t reach) {
  reach_ = reach;
  const size_t heads = Size(config_.head_count), width = Size(2 * reach + 1);
  relative_.resize(heads * width);
  for (int64_t distance = -reach; distance <= reach; ++distance) {
    const int64_t bucket =
        Bucket(distance, config_.relative_buckets, config_.relative_distance, config_.causal);
    for (size_t h = 0; h < heads; ++h) {
      relative_[h * width + Size(distance + reach)] = relative_bias_[Size(bucket) * heads + h];
    }
  }
}

void PositionBias::Reset(const PassRows& rows) {
  if (config_.relative_buckets == 0) return;
  if (const int64_t reach = rows.largest_id(); reach > reach_) FillRelative(reach);
}

ops::ScoreBias PositionBias::Get() const {
  using Kind = ops::ScoreBias::Kind;
  if (config_.relative_buckets > 0) {
    return {Kind::kByDistance, relative_.data(), Size(2 * reach_ + 1), reach_};
  }
  if (config_.alibi) return {Kind::kByKey, alibi_.data(), Size(config_.context_length), 0};
  return {};
}

}  // namespace pano::nn
