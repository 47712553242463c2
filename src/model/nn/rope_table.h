#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/nn/model_config.h"

namespace pano::nn {

// "none", else what transformers calls it: "linear", "yarn", ...
std::string_view ScalingName(RopeConfig::Scaling scaling);

// Rotary frequencies of a model, in double: angles are exact to a float's last bit at any position.
// Operators turn them into cos and sin.
// Immutable after construction.
class RopeTable {
 public:
  // `factors` divide the plain frequencies one by one (GGUF's rope_freqs); empty: none.
  RopeTable(const RopeConfig& config, std::span<const float> factors);

  size_t pairs() const { return frequencies_.size(); }
  // Radians per position for a sequence of `length` tokens; only some scalings look at it.
  std::vector<double> Frequencies(int64_t length) const;
  // Sequences whose lengths give the same number have the same angles.
  int64_t Variant(int64_t length) const;
  // What cos and sin are multiplied by.
  double attention_factor() const { return config_.attention_factor; }
  bool interleaved() const { return config_.interleaved; }

 private:
  const RopeConfig config_;
  std::vector<double> frequencies_;  // where the length does not matter
};

}  // namespace pano::nn
