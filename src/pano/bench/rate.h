#pragma once

#include <cstdint>
#include <vector>

namespace pano::bench {

// How often something was done a second, over repetitions.
struct Rate {
  double median = 0, min = 0, max = 0;
  // How far apart they lie, as a share of the median.
  double spread() const { return median > 0 ? (max - min) / median : 0; }
};

// REQUIRES: not empty.
Rate RateOf(std::vector<double> rates);

}  // namespace pano::bench
