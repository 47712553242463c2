#pragma once

#include "model/nn/layers/mixers.h"
#include "model/nn/layers/position_bias.h"
#include "model/nn/weights/decoder_weights.h"

namespace pano::nn {

// Attention over the keys and values of a sequence's own tokens, with heads of their own or shared
// in groups (Vaswani et al., 2017; Ainslie et al., "GQA", 2023): projections, norms on queries and
// keys, rotary embedding, the keys and values kept in the sequence's blocks. Confined to the thread
// that steps the model.
class SelfAttention final : public TokenMixer {
 public:
  // Layer `layer` of the model, which keeps its state in `slot`. Borrows all but the slot.
  SelfAttention(const ModelConfig& config, const LayerWeights& weights, size_t layer,
                LayerSlot slot, const PositionBias& bias);

  Status Mix(const Pass& pass, ops::ConstRows x, ops::Rows out) override;

 private:
  bool SeesWholeInputs() const;
  void NormHeads(ops::OpContext& ops, const NormWeights& norm, ops::Rows heads) const;

  const ModelConfig& config_;
  const LayerWeights& weights_;
  const LayerConfig& layer_;
  const LayerSlot slot_;
  const PositionBias& bias_;
  const size_t kv_heads_;
  const ops::AttentionShape shape_;
};

// The angles that a layer rotates by.
const RotaryAngles& AnglesOf(const Pass& pass, const LayerConfig& layer);

}  // namespace pano::nn
