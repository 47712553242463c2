#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/nn/model_config.h"

namespace pano::nn {

// Rotary frequencies of a model, in double: angles are exact to a float's last bit at any position.
// Immutable after construction.
class RopeTable {
 public:
  // `factors` divide the plain frequencies one by one (GGUF's rope_freqs); empty: none.
  RopeTable(const RopeConfig& config, std::span<const float> factors);

  size_t pairs() const { return frequencies_.size(); }
  // cos and sin of the angles at `position`: pairs() values each.
  void Fill(int64_t position, float* cos, float* sin) const;

 private:
  std::vector<double> frequencies_;    // radians per position
};

}  // namespace pano::nn
