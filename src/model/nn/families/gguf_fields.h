#pragma once

#include "model/nn/families/family.h"
#include "model/nn/families/hf_fields.h"

namespace pano::nn {

// Metadata of GGUF that every decoder has: sizes, rope with its scaling, epsilon of the norm's
// kind, experts, soft caps and windows where they are named.
void ReadGgufSizes(ConfigReader& reader, ModelConfig& config);
void ReadGgufRope(ConfigReader& reader, ModelConfig& config);
void ReadGgufRmsNorm(ConfigReader& reader, ModelConfig& config);
void ReadGgufLayerNorm(ConfigReader& reader, ModelConfig& config);
void ReadGgufExperts(ConfigReader& reader, ModelConfig& config);
// attention.sliding_window on `layers`.
void ReadGgufWindows(ConfigReader& reader, SlidingLayers layers, ModelConfig& config);

// The names that llama.cpp's converter gives to every family's tensors.
WeightNames GgufNames();
// The same where queries, keys and values are one matrix, in this order.
WeightNames FusedGgufNames();

}  // namespace pano::nn
