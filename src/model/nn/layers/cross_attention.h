#pragma once

#include "model/nn/layers/mixers.h"
#include "model/nn/weights/decoder_weights.h"

namespace pano::nn {

// A decoder layer's look at the rows of another stack for the same input (Vaswani et al., 2017): no
// positions, no mask. Keys and values are computed anew in every pass. Confined to the thread that
// steps the model.
class CrossAttention {
 public:
  // Layer `layer` of the model. Borrows both. REQUIRES: values as long as keys.
  CrossAttention(const ModelConfig& config, const LayerWeights& weights, size_t layer);

  Status Mix(const Pass& pass, ops::ConstRows x, ops::Rows out);

 private:
  const LayerWeights& weights_;
  const size_t kv_heads_;
  const ops::AttentionShape shape_;
};

}  // namespace pano::nn
