#include "model/nn/layers/position_bias.h"

#include <algorithm>
#include <cmath>

#include "model/nn/layers/alibi.h"
#include "model/nn/layers/mixers.h"

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

}  // namespace

PositionBias::PositionBias(const ModelConfig& config, std::span<const float> relative_bias,
                           int64_t first_head, int64_t total_heads)
    : config_(config), relative_bias_(relative_bias) {
  if (!config.alibi) return;
  alibi_ = AlibiBias(Size(first_head), Size(config.head_count), Size(total_heads),
                     Size(config.context_length), config.head_dim);
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
