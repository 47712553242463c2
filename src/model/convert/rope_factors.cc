#include "model/convert/rope_factors.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "model/nn/rope_table.h"

namespace pano::convert {
namespace {

using nn::RopeConfig;

std::vector<double> Frequencies(RopeConfig rope, RopeConfig::Scaling scaling) {
  rope.scaling = scaling;
  return nn::RopeTable(rope, {}).Frequencies(1);
}

bool Gives(const RopeConfig& rope, std::span<const float> factors) {
  const std::vector<float> made = Llama3Factors(rope);
  if (made.size() != factors.size()) return false;
  for (size_t i = 0; i < factors.size(); ++i) {
    if (!(std::abs(made[i] - factors[i]) <= 1e-5f * factors[i])) return false;
  }
  return true;
}

// Between the two wavelengths, 1/factor is linear in the frequency: two points give the bounds,
// whose common scale does not matter (the low one is taken as 1).
std::optional<RopeConfig> Solve(RopeConfig rope, std::span<const float> factors) {
  const std::vector<double> plain = Frequencies(rope, RopeConfig::Scaling::kNone);
  std::vector<std::pair<double, double>>
      points;  // original/wavelength without the original, smoothness
  for (size_t i = 0; i < factors.size(); ++i) {
    const auto f = static_cast<double>(factors[i]);
    if (f <= 1 + 1e-4 || f >= rope.factor * (1 - 1e-4)) continue;
    points.emplace_back(plain[i] / (2 * std::numbers::pi),
                        (1 / f - 1 / rope.factor) / (1 - 1 / rope.factor));
  }
  if (points.size() < 2) return std::nullopt;
  const auto [x0, s0] = points.front();
  const auto [x1, s1] = points.back();
  const double slope = (s0 - s1) / (x0 - x1), below = slope * x0 - s0;  // s = slope * x - below
  if (!(slope > 0 && slope < 1e12) || !(below > 1e-6)) return std::nullopt;
  rope.low_freq_factor = 1;
  rope.high_freq_factor = std::round((1 + 1 / below) * 1e4) / 1e4;
  rope.original_context = std::llround(slope / below);
  return rope;
}

}  // namespace

std::vector<float> Llama3Factors(const RopeConfig& rope) {
  const std::vector<double> plain = Frequencies(rope, RopeConfig::Scaling::kNone);
  const std::vector<double> scaled = Frequencies(rope, RopeConfig::Scaling::kLlama3);
  std::vector<float> factors;
  for (size_t i = 0; i < plain.size(); ++i)
    factors.push_back(static_cast<float>(plain[i] / scaled[i]));
  return factors;
}

std::optional<RopeConfig> FindLlama3Scaling(const RopeConfig& rope, std::span<const float> factors,
                                            int64_t context_length) {
  if (factors.empty() || factors.size() != static_cast<size_t>(rope.pairs())) return std::nullopt;
  for (float factor : factors) {
    if (!(factor > 0 && factor < 1e9f)) return std::nullopt;
  }
  RopeConfig found = rope;
  found.scaling = RopeConfig::Scaling::kLlama3;
  found.factor = static_cast<double>(*std::max_element(factors.begin(), factors.end()));
  found.low_freq_factor = 1;
  found.high_freq_factor = 4;
  std::vector<int64_t> lengths = {8192, context_length};  // the usual one first
  for (int64_t length = 8; length <= 1 << 20; length *= 2) lengths.push_back(length);
  for (int64_t length : lengths) {
    found.original_context = length;
    if (Gives(found, factors)) return found;
  }
  if (const auto solved = Solve(found, factors); solved && Gives(*solved, factors)) return solved;
  return std::nullopt;
}

}  // namespace pano::convert
