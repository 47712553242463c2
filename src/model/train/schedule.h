#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace pano::train {

// The learning rate of one step as a fraction of the peak: a straight line up during the warm-up,
// then half a cosine down to `final_fraction` at the last step. `step` counts from 1.
inline double LearningRateFraction(int64_t step, int64_t step_count, int64_t warmup_steps,
                                   double final_fraction) {
  if (step <= warmup_steps) return static_cast<double>(step) / static_cast<double>(warmup_steps);
  double done = static_cast<double>(step - warmup_steps) /
                static_cast<double>(std::max<int64_t>(step_count - warmup_steps, 1));
  double cosine = 0.5 * (1 + std::cos(std::numbers::pi * std::min(done, 1.0)));
  return final_fraction + (1 - final_fraction) * cosine;
}

}  // namespace pano::train
