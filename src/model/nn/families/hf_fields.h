#pragma once

#include <string_view>
#include <vector>

#include "model/nn/families/family.h"

namespace pano::nn {

// Fields of config.json that many families share; for their mapping files.

// What every config.json may hold and no forward pass looks at; quantization_config is refused.
void ReadHfCommon(ConfigReader& reader);

// vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads
// num_key_value_heads head_dim max_position_embeddings tie_word_embeddings. Layers are made, full
// attention. What `config` holds already stands for what the file leaves out (the family's own
// defaults), else key/value heads are the heads, and the head size their share.
void ReadHfSizes(ConfigReader& reader, ModelConfig& config);

// rope_theta, rope_scaling or the newer rope_parameters; partial_rotary_factor, else `partial`.
// REQUIRES: the sizes were read.
void ReadHfRope(ConfigReader& reader, ModelConfig& config, double partial = 1.0);
// The scaling alone, from an object such as rope_scaling's value.
void ReadHfRopeScaling(ConfigReader& reader, const json::Value& object, std::string_view key,
                       int64_t context_length, RopeConfig& rope);

// `key` or, where it is absent, `fallback`: the activation by transformers' name.
void ReadHfActivation(ConfigReader& reader, std::string_view key, std::string_view fallback,
                      ModelConfig& config);

// rms_norm_eps, or layer_norm_eps with its kind of norm.
void ReadHfRmsNorm(ConfigReader& reader, double fallback, ModelConfig& config);
void ReadHfLayerNorm(ConfigReader& reader, std::string_view key, bool bias, ModelConfig& config);

// Which layers have a sliding window where the file does not say it layer by layer.
struct SlidingLayers {
  enum class Kind : uint8_t {
    kNone,
    kAll,
    kAllButEvery,         // period-th: the last of each period sees everything
    kAllButFirstOfEvery,  // period: the first of each does
    kFrom,                // layer `period` on
  };
  Kind kind = Kind::kAll;
  int64_t period = 1;
  bool Has(int64_t layer) const {
    switch (kind) {
      case Kind::kAll:
        return true;
      case Kind::kAllButEvery:
        return (layer + 1) % period != 0;
      case Kind::kAllButFirstOfEvery:
        return layer % period != 0;
      case Kind::kFrom:
        return layer >= period;
      case Kind::kNone:
        break;
    }
    return false;
  }
};
// Whether each layer slides: as `layer_types` says or, without it, as `fallback`. Empty after a
// failure.
std::vector<bool> ReadHfSlidingLayers(ConfigReader& reader, SlidingLayers fallback,
                                      const ModelConfig& config);
// sliding_window (absent: `absent`; null: none), on the layers that `layer_types` names or, without
// it, on those of `fallback`.
void ReadHfWindows(ConfigReader& reader, SlidingLayers fallback, ModelConfig& config,
                   int64_t absent = 0);

// What hub files of decoders call their tensors, after Llama.
WeightNames LlamaHfNames();

}  // namespace pano::nn
