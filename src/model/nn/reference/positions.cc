#include "model/nn/reference/positions.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace pano::reference {
namespace {

using Scaling = nn::RopeConfig::Scaling;
constexpr double kTurn = 2.0 * std::numbers::pi;

// Round to nearest even at bfloat16's 8 bits of mantissa.
double RoundToBFloat(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  const double mantissa = std::frexp(static_cast<float>(value), &exponent);  // [0.5, 1)
  return std::ldexp(std::nearbyint(std::ldexp(mantissa, 8)), exponent - 8);
}

// "By parts" (Peng et al., 2023): the share of a frequency that is divided by the factor, from 0
// for pairs that turn more than beta_fast times within the original context to 1 for those that
// turn less than beta_slow times.
double YarnShare(const nn::RopeConfig& rope, double pair) {
  auto pair_of = [&](double turns) {
    return static_cast<double>(rope.dim) *
           std::log(static_cast<double>(rope.original_context) / (turns * kTurn)) /
           (2.0 * std::log(rope.theta));
  };
  double low = pair_of(rope.beta_fast), high = pair_of(rope.beta_slow);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rope.dim) - 1.0);
  if (low == high) high = low + 0.001;
  return std::clamp((pair - low) / (high - low), 0.0, 1.0);
}

// Llama 3.1: frequencies of a wavelength above original / low_freq_factor are divided, those below
// original / high_freq_factor kept, those between mixed.
double Llama3(const nn::RopeConfig& rope, double frequency) {
  const double waves = static_cast<double>(rope.original_context) * frequency / kTurn;
  const double share = std::clamp(
      (waves - rope.low_freq_factor) / (rope.high_freq_factor - rope.low_freq_factor), 0.0, 1.0);
  return share * frequency + (1.0 - share) * frequency / rope.factor;
}

double Base(const nn::RopeConfig& rope, int64_t length) {
  if (rope.scaling != Scaling::kDynamic || rope.dim <= 2) return rope.theta;
  const auto context = static_cast<double>(rope.original_context);
  const double ratio = std::max(static_cast<double>(length), context) / context;
  const auto dim = static_cast<double>(rope.dim);
  return rope.theta * std::pow(rope.factor * ratio - (rope.factor - 1.0), dim / (dim - 2.0));
}

}  // namespace

Vector RopeFrequencies(const nn::RopeConfig& rope, std::span<const double> divisors,
                       int64_t length) {
  Vector out;
  const double base = Base(rope, length);
  for (int64_t pair = 0; 2 * pair < rope.dim; ++pair) {
    const auto i = static_cast<size_t>(pair);
    double frequency =
        1.0 / std::pow(base, 2.0 * static_cast<double>(pair) / static_cast<double>(rope.dim));
    if (rope.scaling == Scaling::kLinear) frequency /= rope.factor;
    if (rope.scaling == Scaling::kLlama3) frequency = Llama3(rope, frequency);
    if (rope.scaling == Scaling::kYarn) {
      const double share = YarnShare(rope, static_cast<double>(pair));
      frequency = share * frequency / rope.factor + (1.0 - share) * frequency;
    }
    if (rope.scaling == Scaling::kLongRope) {
      frequency /= length > rope.original_context ? rope.long_factors[i] : rope.short_factors[i];
    }
    if (!divisors.empty()) frequency /= divisors[i];
    out.push_back(frequency);
  }
  return out;
}

void Rotate(const nn::RopeConfig& rope, std::span<const double> frequencies, int64_t position,
            std::span<double> head) {
  const size_t pairs = frequencies.size();
  for (size_t i = 0; i < pairs; ++i) {
    double& a = rope.interleaved ? head[2 * i] : head[i];
    double& b = rope.interleaved ? head[2 * i + 1] : head[i + pairs];
    const double angle = static_cast<double>(position) * frequencies[i];
    const double cosine = std::cos(angle) * rope.attention_factor;
    const double sine = std::sin(angle) * rope.attention_factor;
    const double turned = a * cosine - b * sine;
    b = a * sine + b * cosine;
    a = turned;
  }
}

Vector AlibiSlopes(size_t heads) {
  size_t power = 1;
  while (2 * power <= heads) power *= 2;
  Vector slopes;
  for (size_t h = 1; h <= power; ++h) {
    slopes.push_back(std::pow(2.0, -8.0 * static_cast<double>(h) / static_cast<double>(power)));
  }
  for (size_t h = 1; slopes.size() < heads; h += 2) {
    slopes.push_back(std::pow(2.0, -4.0 * static_cast<double>(h) / static_cast<double>(power)));
  }
  return slopes;
}

double AlibiBias(double slope, int64_t position, int64_t head_dim) {
  const double product =
      RoundToBFloat(RoundToBFloat(slope) * RoundToBFloat(static_cast<double>(position)));
  return product / std::sqrt(static_cast<double>(head_dim));
}

int64_t RelativeBucket(int64_t distance, int64_t buckets, int64_t farthest, bool causal) {
  int64_t first = 0;
  if (causal) {
    distance = distance > 0 ? 0 : -distance;
  } else {
    buckets /= 2;
    if (distance > 0) first = buckets;
    distance = std::abs(distance);
  }
  const int64_t near = buckets / 2;
  if (distance < near) return first + distance;
  const float ratio =
      std::log(static_cast<float>(distance) / static_cast<float>(near)) /
      static_cast<float>(std::log(static_cast<double>(farthest) / static_cast<double>(near)));
  const auto beyond = static_cast<int64_t>(ratio * static_cast<float>(buckets - near));
  return first + std::min(near + beyond, buckets - 1);
}

}  // namespace pano::reference
