#pragma once

#include "model/nn/layers/mixers.h"
#include "model/nn/weights/decoder_weights.h"

namespace pano::nn {

// Multi-head latent attention (DeepSeek-AI, "DeepSeek-V2", 2024). A token keeps one compressed
// vector for all heads, [normed latent, rotated key]. Queries are carried into the latent space by
// the key half of the up-projection, so that every head attends to those vectors as they are, as
// keys and as values; its values it takes out of the mean afterwards. Confined to the thread that
// steps the model.
class LatentAttention final : public TokenMixer {
 public:
  // Layer `layer` of the model, which keeps its state in `slot`. Borrows all but the slot.
  LatentAttention(const ModelConfig& config, const LayerWeights& weights, size_t layer,
                  LayerSlot slot);

  Status Mix(const Pass& pass, ops::ConstRows x, ops::Rows out) override;

 private:
  Status StoreLatents(const Pass& pass, ops::ConstRows x);
  // q [rows, heads * (kv_rank + rope_dim)].
  Status LatentQueries(const Pass& pass, ops::ConstRows x, ops::Rows q);

  const ModelConfig& config_;
  const LatentConfig& latent_;
  const LayerWeights& weights_;
  const LayerConfig& layer_;
  const LayerSlot slot_;
  const ops::AttentionShape shape_;
};

}  // namespace pano::nn
