#pragma once

#include <cstdint>

#include "base/random.h"
#include "model/nn/model_config.h"
#include "model/nn/weights/weight_names.h"

namespace pano::reference {

// A valid configuration of a decoder with every option drawn; all sizes are small.
struct RandomDecoder {
  nn::ModelConfig config;
  nn::WeightNames names;
};
RandomDecoder DrawDecoder(uint64_t seed);

// What encoders share with decoders: a bidirectional stack (`causal`: one that looks back only, and
// at another stack's rows). Both have what a checked EncoderConfig may have.
nn::ModelConfig DrawEncoderStack(Random& random, int64_t hidden, int64_t vocab);
nn::ModelConfig DrawCrossStack(Random& random, int64_t hidden, int64_t vocab);

// A name for every tensor that a configuration can ask for, under `prefix`.
nn::WeightNames AllNames(std::string_view prefix);

// Positions that a drawn decoder has: more than two blocks of the paged state.
inline constexpr int64_t kContext = 96;

}  // namespace pano::reference
