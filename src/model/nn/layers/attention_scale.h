#pragma once

#include <cmath>

#include "model/nn/model_config.h"

namespace pano::nn {

// What attention's scores of a layer are multiplied by.
inline float AttentionScale(const ModelConfig& config, size_t layer) {
  const double scale = config.attention_scale > 0
                           ? config.attention_scale
                           : 1.0 / std::sqrt(static_cast<double>(config.head_dim));
  return static_cast<float>(scale /
                            (config.scale_by_layer ? static_cast<double>(layer + 1) : 1.0));
}

}  // namespace pano::nn
