#pragma once

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "base/env.h"

namespace pano::reference {

// The seeds that a test over drawn models runs through: 1 to `count`, or what PANO_REFERENCE_SEED
// (one) or PANO_REFERENCE_SEEDS (how many) ask for.
inline std::vector<uint64_t> Seeds(uint64_t count) {
  if (const std::string one = EnvironmentVariable("PANO_REFERENCE_SEED"); !one.empty()) {
    return {std::strtoull(one.c_str(), nullptr, 10)};
  }
  if (const std::string other = EnvironmentVariable("PANO_REFERENCE_SEEDS"); !other.empty()) {
    count = std::strtoull(other.c_str(), nullptr, 10);
  }
  std::vector<uint64_t> seeds(count);
  std::iota(seeds.begin(), seeds.end(), uint64_t{1});
  return seeds;
}

}  // namespace pano::reference
