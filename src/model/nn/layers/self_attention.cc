#include "model/nn/layers/self_attention.h"

#include "model/nn/layers/attention_scale.h"

namespace pano::nn {

const RotaryAngles& AnglesOf(const Pass& pass, const LayerConfig& layer) {
  static const RotaryAngles kNone;
  switch (layer.rope) {
    case LayerConfig::Rope::kGlobal:
      return pass.global_angles;
    case LayerConfig::Rope::kLocal:
      return pass.local_angles;
    case LayerConfig::Rope::kNone:
      break;
  }
  return kNone;
}

namespace {

// Whether queries, keys and values come out of products of 8-bit rows, whose error is larger than that of
// numbers of eight bits of their own.
bool HasRoundedRows(const LayerWeights& weights) {
  return weights.q.weight.dtype == tensor::DType::kW8X16;
}

}  // namespace

SelfAttention::SelfAttention(const ModelConfig& config, const LayerWeights& weights, size_t layer,
                             LayerSlot slot, const PositionBias& bias)
    : config_(config),
      weights_(weights),
      layer_(config.layers[layer]),
      slot_(slot),
      bias_(bias),
      kv_heads_(Size(config.kv_heads(layer))),
      shape_{Size(config.head_count), Size(config.value_size()), AttentionScale(config, layer),
             config.attention_softcap, HasRoundedRows(weights)} {}

void SelfAttention::NormHeads(ops::OpContext& ops, const NormWeights& norm,
                              ops::Rows heads) const {
  const size_t width = config_.qk_norm == QkNorm::kRow ? heads.width : Size(config_.head_dim);
  ops::HeadNorm(ops, {config_.norm, config_.norm_epsilon}, norm, width, heads);
}

// Attention both ways is that of encoders, whose inputs are whole in a pass: without a window or a bias
// every row of an input attends to the same keys, which nobody needs afterwards.
bool SelfAttention::SeesWholeInputs() const {
  return !config_.causal && layer_.window == 0 && bias_.Get().kind == ops::ScoreBias::Kind::kNone;
}

Status SelfAttention::Mix(const Pass& pass, ops::ConstRows x, ops::Rows out) {
  const size_t heads = shape_.heads, dim = Size(config_.head_dim);
  ops::Workspace::Scope scope(pass.ops.workspace());
  const ops::Rows q = scope.Take(x.rows, heads * dim), k = scope.Take(x.rows, kv_heads_ * dim),
                  v = scope.Take(x.rows, kv_heads_ * shape_.value_dim);
  const ops::LinearOutput projections[] = {{&weights_.q, q}, {&weights_.k, k}, {&weights_.v, v}};
  PANO_RETURN_IF_ERROR(ops::LinearLayers(pass.ops, x, projections));
  if (config_.qk_norm != QkNorm::kNone) {
    NormHeads(pass.ops, weights_.q_norm, q);
    NormHeads(pass.ops, weights_.k_norm, k);
  }
  const RotaryAngles& angles = AnglesOf(pass, layer_);
  angles.Apply(pass.ops, heads, dim, q);
  angles.Apply(pass.ops, kv_heads_, dim, k);

  const ops::Rows attended = scope.Take(x.rows, heads * shape_.value_dim);
  if (SeesWholeInputs()) {
    ops::DenseAttention(pass.ops, shape_, pass.rows.inputs(), kv_heads_, q, k, v, attended);
    return ops::LinearLayer(pass.ops, weights_.o, attended, out);
  }
  const ops::PagedKv kv = pass.state.layer(slot_);
  ops::StoreKv(pass.ops, pass.rows.sequences(slot_.group), k, v, kv);
  ops::PagedAttention(pass.ops, shape_, pass.rows.Attention(slot_.group, layer_.window),
                      bias_.Get(), kv, q, attended);
  return ops::LinearLayer(pass.ops, weights_.o, attended, out);
}

}  // namespace pano::nn
