#pragma once

#include <string_view>

#include "base/fwd.h"
#include "model/nn/fwd.h"

namespace pano::nn {

// Fields of config.json that many families share, the way back of hf_fields.h; for their mapping
// files.

// The shortest decimal that is the same float: 1e-05, not 9.999999747378752e-06.
double ShortestDouble(float value);

// What ReadHfSizes reads.
void WriteHfSizes(const ModelConfig& config, json::Value& out);
// rope_theta, rope_scaling, partial_rotary_factor.
void WriteHfRope(const ModelConfig& config, json::Value& out);
void WriteHfActivation(const ModelConfig& config, std::string_view key, json::Value& out);
void WriteHfEpsilon(const ModelConfig& config, std::string_view key, json::Value& out);
// sliding_window (null where no layer has one) and, where some have none, layer_types.
void WriteHfWindows(const ModelConfig& config, json::Value& out);

// Sizes, rope, hidden_act and rms_norm_eps: what Llama and its like are made of.
void WriteHfLlamaLike(const ModelConfig& config, json::Value& out);

}  // namespace pano::nn
