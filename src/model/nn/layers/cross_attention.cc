#include "model/nn/layers/cross_attention.h"

#include "model/nn/layers/attention_scale.h"

namespace pano::nn {

CrossAttention::CrossAttention(const ModelConfig& config, const LayerWeights& weights,
                               size_t layer)
    : weights_(weights),
      kv_heads_(Size(config.kv_head_count)),
      shape_{Size(config.head_count), Size(config.head_dim), AttentionScale(config, layer), 0.0f} {}

Status CrossAttention::Mix(const Pass& pass, ops::ConstRows x, ops::Rows out) {
  ops::Workspace::Scope scope(pass.ops.workspace());
  const ops::Rows q = scope.Take(x.rows, weights_.cross_q.out()),
                  k = scope.Take(pass.memory.rows, weights_.cross_k.out()),
                  v = scope.Take(pass.memory.rows, weights_.cross_v.out()),
                  attended = scope.Take(x.rows, weights_.cross_o.in());
  PANO_RETURN_IF_ERROR(ops::LinearLayer(pass.ops, weights_.cross_q, x, q));
  PANO_RETURN_IF_ERROR(ops::LinearLayer(pass.ops, weights_.cross_k, pass.memory, k));
  PANO_RETURN_IF_ERROR(ops::LinearLayer(pass.ops, weights_.cross_v, pass.memory, v));
  ops::DenseAttention(pass.ops, shape_, pass.rows.memory(), kv_heads_, q, k, v, attended);
  return ops::LinearLayer(pass.ops, weights_.cross_o, attended, out);
}

}  // namespace pano::nn
