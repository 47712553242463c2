#pragma once

#include "model/nn/families/config_reader.h"
#include "model/nn/fwd.h"

namespace pano::nn {

// What ModernBERT's encoder and decoder have alike: sizes, norms, biases, and positions: global
// layers with one rope, the others with a window and a rope of their own (half of local_attention
// lies behind a token; of causal layers none lies before it). REQUIRES: config.causal is set.
void ReadModernbertLayers(ConfigReader& reader, ModelConfig& config);

}  // namespace pano::nn
