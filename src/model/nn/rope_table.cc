#include "model/nn/rope_table.h"

#include <cmath>
#include <numbers>

namespace pano::nn {
namespace {

// Llama 3.1's scaling (Grattafiori et al., "The Llama 3 herd of models", 2024): long wavelengths are
// stretched by the factor, short ones kept, those between blended.
double Llama3Scaled(double frequency, const RopeConfig& config) {
  const auto original = static_cast<double>(config.original_context);
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  if (wavelength > original / config.low_freq_factor) return frequency / config.factor;
  if (wavelength < original / config.high_freq_factor) return frequency;
  const double smooth = (original / wavelength - config.low_freq_factor) /
                        (config.high_freq_factor - config.low_freq_factor);
  return (1.0 - smooth) * frequency / config.factor + smooth * frequency;
}

}  // namespace

RopeTable::RopeTable(const RopeConfig& config, std::span<const float> factors) {
  for (int64_t i = 0; i < config.dim / 2; ++i) {
    double frequency = std::pow(
        config.theta, -2.0 * static_cast<double>(i) / static_cast<double>(config.dim));
    if (config.scaling == RopeConfig::Scaling::kLinear) frequency /= config.factor;
    if (config.scaling == RopeConfig::Scaling::kLlama3) frequency = Llama3Scaled(frequency, config);
    if (!factors.empty()) frequency /= static_cast<double>(factors[static_cast<size_t>(i)]);
    frequencies_.push_back(frequency);
  }
}

void RopeTable::Fill(int64_t position, float* cos, float* sin) const {
  for (size_t i = 0; i < frequencies_.size(); ++i) {
    const double angle = static_cast<double>(position) * frequencies_[i];
    cos[i] = static_cast<float>(std::cos(angle));
    sin[i] = static_cast<float>(std::sin(angle));
  }
}

}  // namespace pano::nn
