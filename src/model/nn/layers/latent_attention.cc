#include "model/nn/layers/latent_attention.h"

#include "model/nn/layers/attention_scale.h"
#include "model/nn/layers/self_attention.h"

namespace pano::nn {

LatentAttention::LatentAttention(const ModelConfig& config, const LayerWeights& weights,
                                 size_t layer, LayerSlot slot)
    : config_(config),
      latent_(*config.latent),
      weights_(weights),
      layer_(config.layers[layer]),
      slot_(slot),
      shape_{Size(config.head_count), Size(latent_.kv_rank), AttentionScale(config, layer),
             config.attention_softcap} {}

Status LatentAttention::StoreLatents(const Pass& pass, ops::ConstRows x) {
  const LatentWeights& w = weights_.latent;
  const size_t rank = Size(latent_.kv_rank), rope = Size(latent_.rope_dim);
  ops::Workspace::Scope scope(pass.ops.workspace());
  const ops::Rows latent = scope.Take(x.rows, rank + rope);
  PANO_RETURN_IF_ERROR(ops::LinearLayer(pass.ops, w.kv_a, x, latent));
  const ops::Rows normed = latent.Columns(0, rank);
  ops::Norm(pass.ops, {config_.norm, latent_.norm_epsilon}, w.kv_a_norm, normed, normed);
  AnglesOf(pass, layer_).Apply(pass.ops, 1, rope, latent.Columns(rank, rope));
  ops::StoreKv(pass.ops, pass.rows.sequences(slot_.group), latent, {}, pass.state.layer(slot_));
  return {};
}

Status LatentAttention::LatentQueries(const Pass& pass, ops::ConstRows x, ops::Rows q) {
  const LatentWeights& w = weights_.latent;
  const size_t heads = shape_.heads, rank = Size(latent_.kv_rank), nope = Size(latent_.nope_dim),
               rope = Size(latent_.rope_dim), plain = nope + rope, width = rank + rope;
  ops::Workspace::Scope scope(pass.ops.workspace());
  const ops::Rows projected = scope.Take(x.rows, heads * plain);
  if (latent_.q_rank > 0) {
    const ops::Rows low = scope.Take(x.rows, Size(latent_.q_rank));
    PANO_RETURN_IF_ERROR(ops::LinearLayer(pass.ops, w.q_a, x, low));
    ops::Norm(pass.ops, {config_.norm, latent_.norm_epsilon}, w.q_a_norm, low, low);
    PANO_RETURN_IF_ERROR(ops::LinearLayer(pass.ops, w.q_b, low, projected));
  } else {
    PANO_RETURN_IF_ERROR(ops::LinearLayer(pass.ops, w.q, x, projected));
  }
  for (size_t h = 0; h < heads; ++h) {
    PANO_RETURN_IF_ERROR(ops::LinearLayer(pass.ops, w.key_up[h],
                                          projected.Columns(h * plain, nope),
                                          q.Columns(h * width, rank)));
  }
  ops::Copy(pass.ops, projected.Split(heads).Columns(nope, rope),
            q.Split(heads).Columns(rank, rope));
  return {};
}

Status LatentAttention::Mix(const Pass& pass, ops::ConstRows x, ops::Rows out) {
  const LatentWeights& w = weights_.latent;
  const size_t heads = shape_.heads, rank = shape_.value_dim, value = Size(config_.value_size()),
               width = rank + Size(latent_.rope_dim);
  PANO_RETURN_IF_ERROR(StoreLatents(pass, x));
  ops::Workspace::Scope scope(pass.ops.workspace());
  const ops::Rows q = scope.Take(x.rows, heads * width);
  PANO_RETURN_IF_ERROR(LatentQueries(pass, x, q));
  AnglesOf(pass, layer_).Apply(pass.ops, heads, width, q.Columns(rank, heads * width - rank));

  const ops::Rows means = scope.Take(x.rows, heads * rank);
  ops::PagedAttention(pass.ops, shape_, pass.rows.Attention(slot_.group, layer_.window), {},
                      pass.state.layer(slot_), q, means);
  const ops::Rows attended = scope.Take(x.rows, heads * value);
  for (size_t h = 0; h < heads; ++h) {
    PANO_RETURN_IF_ERROR(ops::LinearLayer(pass.ops, w.value_up[h], means.Columns(h * rank, rank),
                                          attended.Columns(h * value, value)));
  }
  return ops::LinearLayer(pass.ops, weights_.o, attended, out);
}

}  // namespace pano::nn
