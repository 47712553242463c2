#include "model/train/recipe/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pano::train {
namespace {

using Kind = Recipe::Schedule::Kind;
using Decay = Recipe::Schedule::Decay;

double Share(int64_t part, int64_t whole) {
  return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(1, whole));
}

double HalfCosine(double progress, double cycles) {
  return 0.5 * (1 + std::cos(std::numbers::pi * cycles * 2 * progress));
}

// Warm-up, stable, decay (Hu et al., "MiniCPM", 2024).
double Wsd(const Recipe::Schedule& s, int64_t step, int64_t total) {
  const double range = 1 - s.min_lr_ratio;
  if (step < s.warmup_steps) return Share(step, s.warmup_steps) * range + s.min_lr_ratio;
  const int64_t decay_from = std::max(total - s.decay_steps, s.warmup_steps);
  if (step < decay_from) return 1;
  if (step >= decay_from + s.decay_steps) return s.min_lr_ratio;
  const double progress = Share(step - decay_from, s.decay_steps);
  double left = 1 - progress;
  if (s.decay == Decay::kCosine) left = HalfCosine(progress, 0.5);
  if (s.decay == Decay::kOneMinusSqrt) left = 1 - std::sqrt(progress);
  return std::max(0.0, left * range + s.min_lr_ratio);
}

}  // namespace

double LearningRateFactor(const Recipe::Schedule& s, int64_t step, int64_t total) {
  if (s.kind == Kind::kWsd) return Wsd(s, step, total);
  if (step < s.warmup_steps) return Share(step, s.warmup_steps);
  double left = 1;
  if (s.kind == Kind::kCosine) {
    left = std::max(0.0, HalfCosine(Share(step - s.warmup_steps, total - s.warmup_steps), s.cycles));
  } else if (s.kind == Kind::kLinear) {
    left = std::max(0.0, Share(total - step, total - s.warmup_steps));
  }
  return left * (1 - s.min_lr_ratio) + s.min_lr_ratio;
}

}  // namespace pano::train
