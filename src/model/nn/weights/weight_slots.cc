#include "model/nn/weights/weight_slots.h"

#include "base/check.h"

namespace pano::nn {
namespace {

using Role = TensorRole;

LayerWeights& LayerOf(DecoderWeights& weights, const TensorEntry& entry) {
  const auto layer = static_cast<size_t>(entry.layer);
  PANO_CHECK(entry.layer >= 0 && layer < weights.layers.size());
  return weights.layers[layer];
}

Linear* AttentionSlot(LayerWeights& w, Role role, bool latent) {
  switch (role) {
    case Role::kQuery:
      return latent ? &w.latent.q : &w.q;
    case Role::kKey:
      return &w.k;
    case Role::kValue:
      return &w.v;
    case Role::kLatentQueryDown:
      return &w.latent.q_a;
    case Role::kLatentQueryUp:
      return &w.latent.q_b;
    case Role::kLatentKvDown:
      return &w.latent.kv_a;
    case Role::kAttentionOutput:
      return &w.o;
    case Role::kCrossQuery:
      return &w.cross_q;
    case Role::kCrossKey:
      return &w.cross_k;
    case Role::kCrossValue:
      return &w.cross_v;
    case Role::kCrossOutput:
      return &w.cross_o;
    default:
      return nullptr;
  }
}

Linear* FeedForwardSlot(LayerWeights& w, Role role, int32_t expert) {
  auto of_expert = [expert](std::vector<Linear>& list) {
    const auto at = static_cast<size_t>(expert);
    PANO_CHECK(expert >= 0 && at < list.size());
    return &list[at];
  };
  switch (role) {
    case Role::kGate:
      return &w.gate;
    case Role::kUp:
      return &w.up;
    case Role::kDown:
      return &w.down;
    case Role::kRouter:
      return &w.experts.router;
    case Role::kExpertGate:
      return of_expert(w.experts.gate);
    case Role::kExpertUp:
      return of_expert(w.experts.up);
    case Role::kExpertDown:
      return of_expert(w.experts.down);
    case Role::kSharedGate:
      return &w.experts.shared_gate;
    case Role::kSharedUp:
      return &w.experts.shared_up;
    case Role::kSharedDown:
      return &w.experts.shared_down;
    case Role::kSharedRouter:
      return &w.experts.shared_router;
    default:
      return nullptr;
  }
}

}  // namespace

ops::Linear* LinearSlot(DecoderWeights& weights, const TensorEntry& entry, bool latent) {
  if (entry.role == Role::kHead) return &weights.head;
  if (entry.role == Role::kHeadDense) return &weights.head_dense;
  if (entry.kind() != TensorKind::kLinear || entry.role == Role::kLatentKvUp) return nullptr;
  LayerWeights& layer = LayerOf(weights, entry);
  Linear* slot = AttentionSlot(layer, entry.role, latent);
  return slot ? slot : FeedForwardSlot(layer, entry.role, entry.expert);
}

ops::NormWeights* NormSlot(DecoderWeights& weights, const TensorEntry& entry) {
  switch (entry.role) {
    case Role::kEmbeddingNorm:
      return &weights.embedding_norm;
    case Role::kFinalNorm:
      return &weights.final_norm;
    case Role::kHeadNorm:
      return &weights.head_norm;
    case Role::kAttentionNorm:
      return &LayerOf(weights, entry).attention_norm;
    case Role::kLatentQueryNorm:
      return &LayerOf(weights, entry).latent.q_a_norm;
    case Role::kLatentKvNorm:
      return &LayerOf(weights, entry).latent.kv_a_norm;
    case Role::kQueryNorm:
      return &LayerOf(weights, entry).q_norm;
    case Role::kKeyNorm:
      return &LayerOf(weights, entry).k_norm;
    case Role::kAttentionPostNorm:
      return &LayerOf(weights, entry).attention_post_norm;
    case Role::kCrossNorm:
      return &LayerOf(weights, entry).cross_norm;
    case Role::kFfnNorm:
      return &LayerOf(weights, entry).ffn_norm;
    case Role::kFfnPostNorm:
      return &LayerOf(weights, entry).ffn_post_norm;
    default:
      return nullptr;
  }
}

tensor::TensorView* TableSlot(DecoderWeights& weights, const TensorEntry& entry) {
  switch (entry.role) {
    case Role::kEmbedding:
      return &weights.embedding;
    case Role::kPositions:
      return &weights.positions;
    case Role::kTokenTypes:
      return &weights.token_types;
    default:
      return nullptr;
  }
}

}  // namespace pano::nn
