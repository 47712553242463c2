#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace pano::sim {

// Of the exponential distribution with this mean, by inversion.
inline double Exponential(Random& random, double mean) { return -mean * std::log1p(-random.Uniform()); }

// Times in seconds at which requests come at random, `rate` a second on average (a Poisson process), the first one at 0.
// The same seed gives the same times at every rate but for the unit. REQUIRES: rate > 0
inline std::vector<double> PoissonTimes(size_t count, double rate, uint64_t seed) {
  Random random(seed);
  std::vector<double> times(count);
  for (size_t i = 1; i < count; ++i) times[i] = times[i - 1] + Exponential(random, 1 / rate);
  return times;
}

}  // namespace pano::sim
