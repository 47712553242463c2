#pragma once

#include <optional>
#include <span>
#include <vector>

#include "model/nn/fwd.h"

namespace pano::convert {

// What Llama 3's scaling divides each rotary frequency by: GGUF keeps these numbers as a tensor.
std::vector<float> Llama3Factors(const nn::RopeConfig& rope);

// The scaling that gives these numbers, put into a copy of `rope` (theta and dim are read from it);
// nothing where none does. `context_length` is tried among the usual original lengths. Short heads
// may leave several that give the same numbers.
std::optional<nn::RopeConfig> FindLlama3Scaling(const nn::RopeConfig& rope,
                                                std::span<const float> factors,
                                                int64_t context_length);

}  // namespace pano::convert
