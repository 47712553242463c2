#include "model/nn/rope_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pano::nn {
namespace {

using Scaling = RopeConfig::Scaling;

double PlainFrequency(double theta, int64_t i, int64_t dim) {
  return std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
}

// Llama 3.1's scaling (Grattafiori et al., "The Llama 3 herd of models", 2024): long wavelengths
// are stretched by the factor, short ones kept, those between blended.
double Llama3Scaled(double frequency, const RopeConfig& config) {
  const auto original = static_cast<double>(config.original_context);
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  if (wavelength > original / config.low_freq_factor) return frequency / config.factor;
  if (wavelength < original / config.high_freq_factor) return frequency;
  const double smooth = (original / wavelength - config.low_freq_factor) /
                        (config.high_freq_factor - config.low_freq_factor);
  return (1.0 - smooth) * frequency / config.factor + smooth * frequency;
}

// The index of the pair that turns `rotations` times within the original context.
double PairOfRotations(double rotations, const RopeConfig& config) {
  return static_cast<double>(config.dim) *
         std::log(static_cast<double>(config.original_context) /
                  (rotations * 2 * std::numbers::pi)) /
         (2 * std::log(config.theta));
}

// YaRN (Peng et al., 2023, section 3.2): pairs that turn often keep their frequency, slow ones are
// stretched, a ramp between.
double YarnScaled(double frequency, int64_t i, const RopeConfig& config) {
  double low = PairOfRotations(config.beta_fast, config);
  double high = PairOfRotations(config.beta_slow, config);
  if (config.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(config.dim - 1));
  if (low == high) high += 0.001;
  const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
  return frequency / config.factor * ramp + frequency * (1 - ramp);
}

// "NTK-aware" scaling by the length: theta grows so that the slowest pair is stretched by
// factor * length / context - (factor - 1).
double DynamicTheta(int64_t length, const RopeConfig& config) {
  const auto context = static_cast<double>(config.original_context);
  const double reach = std::max(static_cast<double>(length), context);
  const double stretch = config.factor * reach / context - (config.factor - 1);
  const auto dim = static_cast<double>(config.dim);
  return config.theta * std::pow(stretch, dim / (dim - 2));
}

}  // namespace

std::string_view ScalingName(RopeConfig::Scaling scaling) {
  switch (scaling) {
    case Scaling::kNone:
      break;
    case Scaling::kLinear:
      return "linear";
    case Scaling::kLlama3:
      return "llama3";
    case Scaling::kDynamic:
      return "dynamic";
    case Scaling::kYarn:
      return "yarn";
    case Scaling::kLongRope:
      return "longrope";
  }
  return "none";
}

RopeTable::RopeTable(const RopeConfig& config, std::span<const float> factors) : config_(config) {
  for (int64_t i = 0; i < config.pairs(); ++i) {
    double frequency = PlainFrequency(config.theta, i, config.dim);
    if (config.scaling == Scaling::kLinear) frequency /= config.factor;
    if (config.scaling == Scaling::kLlama3) frequency = Llama3Scaled(frequency, config);
    if (config.scaling == Scaling::kYarn) frequency = YarnScaled(frequency, i, config);
    if (!factors.empty()) frequency /= static_cast<double>(factors[static_cast<size_t>(i)]);
    frequencies_.push_back(frequency);
  }
}

int64_t RopeTable::Variant(int64_t length) const {
  if (config_.scaling == Scaling::kDynamic) return std::max(length, config_.original_context);
  if (config_.scaling == Scaling::kLongRope) return length > config_.original_context ? 1 : 0;
  return 0;
}

std::vector<double> RopeTable::Frequencies(int64_t length) const {
  std::vector<double> out = frequencies_;
  if (config_.scaling == Scaling::kDynamic && config_.dim > 2) {
    const double theta = DynamicTheta(length, config_);
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = PlainFrequency(theta, static_cast<int64_t>(i), config_.dim);
    }
  }
  if (config_.scaling == Scaling::kLongRope) {
    const bool beyond = length > config_.original_context;
    const std::vector<double>& factors = beyond ? config_.long_factors : config_.short_factors;
    for (size_t i = 0; i < out.size(); ++i) out[i] /= factors[i];
  }
  return out;
}

}  // namespace pano::nn
