#include "model/nn/reference/decoder_kinds.h"

#include <algorithm>

#include "model/nn/model_config.h"

namespace pano::reference {
namespace {

using nn::LayerConfig;
using nn::ModelConfig;
using nn::NormKind;
using nn::NormPlacement;
using nn::QkNorm;
using Scaling = nn::RopeConfig::Scaling;
using ops::Activation;

// Fails to compile when ModelConfig gains a field: give it a draw in random_config.cc, a row in
// kKinds and, where it has no effect of its own, a word here.
[[maybe_unused]] void EveryFieldIsKnown(const ModelConfig& config) {
  [[maybe_unused]] const auto& [
      // Names and sizes; that shapes are right is checked when tensors are bound.
      architecture, vocab_size, hidden_size, layer_count, head_count, kv_head_count, head_dim,
      value_dim, ffn_size, context_length, layers,
      // Positions.
      rope, local_rope, learned_positions, position_offset,
      // Norms.
      norm, norm_placement, norm_epsilon, norm_offset, norm_bias, embedding_norm, final_norm,
      first_norm, parallel, shared_norm,
      // Attention.
      causal, qkv_bias, output_bias, qk_norm, qk_norm_bias, attention_scale, scale_by_layer,
      attention_softcap, alibi, latent, relative_buckets, relative_distance, cross_attention,
      // Feed-forward.
      activation, gated, mlp_bias, experts,
      // Around the layers. Token types, cross attention and stacks that look both ways are the
      // encoders' (random_encoder_test.cc).
      token_types, embedding_scale, residual_scale, logit_scale, final_softcap, tied_embeddings,
      head_bias, head_transform, head_transform_bias, warnings] = config;
}

bool AnyLayer(const ModelConfig& c, bool (*has)(const LayerConfig&)) {
  return std::ranges::any_of(c.layers, has);
}
bool Turns(const ModelConfig& c, LayerConfig::Rope kind, const nn::RopeConfig& rope) {
  return rope.dim > 0 &&
         std::ranges::any_of(c.layers, [&](const LayerConfig& l) { return l.rope == kind; });
}
bool Global(const ModelConfig& c) { return Turns(c, LayerConfig::Rope::kGlobal, c.rope); }
bool Local(const ModelConfig& c) { return Turns(c, LayerConfig::Rope::kLocal, c.local_rope); }
bool Scales(const ModelConfig& c, Scaling scaling) {
  return Global(c) && c.rope.scaling == scaling;
}
bool Experts(const ModelConfig& c) {
  return AnyLayer(c, [](const LayerConfig& l) { return l.experts; });
}
bool Dense(const ModelConfig& c) {
  return AnyLayer(c, [](const LayerConfig& l) { return !l.experts; });
}

struct Kind {
  const char* name;
  bool (*has)(const ModelConfig&);
};
using C = const ModelConfig&;
constexpr Kind kKinds[] = {
    {"heads: one key head for all", [](C c) { return c.kv_head_count == 1 && c.head_count > 1; }},
    {"heads: groups", [](C c) { return c.kv_head_count > 1 && c.head_count > c.kv_head_count; }},
    {"heads: a key head each", [](C c) { return c.head_count == c.kv_head_count; }},
    {"heads: key heads by layer",
     [](C c) { return AnyLayer(c, [](const LayerConfig& l) { return l.kv_head_count > 0; }); }},
    {"heads: values of another size",
     [](C c) { return !c.latent && c.value_size() != c.head_dim; }},
    {"rope: halves", [](C c) { return Global(c) && !c.rope.interleaved; }},
    {"rope: interleaved", [](C c) { return Global(c) && c.rope.interleaved; }},
    {"rope: part of a head", [](C c) { return Global(c) && 2 * c.rope.pairs() < c.head_dim; }},
    {"rope: odd size", [](C c) { return Global(c) && c.rope.dim % 2 == 1; }},
    {"rope: none in a layer",
     [](C c) {
       return AnyLayer(c, [](const LayerConfig& l) { return l.rope == LayerConfig::Rope::kNone; });
     }},
    {"rope: local", Local},
    {"rope: linear", [](C c) { return Scales(c, Scaling::kLinear); }},
    {"rope: llama3", [](C c) { return Scales(c, Scaling::kLlama3); }},
    {"rope: dynamic", [](C c) { return Scales(c, Scaling::kDynamic); }},
    {"rope: yarn", [](C c) { return Scales(c, Scaling::kYarn); }},
    {"rope: longrope", [](C c) { return Scales(c, Scaling::kLongRope); }},
    {"rope: attention factor", [](C c) { return Global(c) && c.rope.attention_factor != 1; }},
    {"positions: learned", [](C c) { return c.learned_positions > 0; }},
    {"positions: learned from an offset", [](C c) { return c.position_offset > 0; }},
    {"positions: alibi", [](C c) { return c.alibi; }},
    {"positions: alibi, heads no power of two",
     [](C c) { return c.alibi && (c.head_count & (c.head_count - 1)) != 0; }},
    {"positions: relative", [](C c) { return c.relative_buckets > 0; }},
    {"norm: rms", [](C c) { return c.norm == NormKind::kRms; }},
    {"norm: layer", [](C c) { return c.norm == NormKind::kLayer && !c.norm_bias; }},
    {"norm: layer with bias", [](C c) { return c.norm == NormKind::kLayer && c.norm_bias; }},
    {"norm: offset", [](C c) { return c.norm_offset != 0; }},
    {"norm: of the embedding", [](C c) { return c.embedding_norm; }},
    {"norm: none at the end", [](C c) { return !c.final_norm; }},
    {"norm: none in front of the first layer", [](C c) { return !c.first_norm; }},
    {"norm placement: before",
     [](C c) { return c.norm_placement == NormPlacement::kBefore && !c.parallel; }},
    {"norm placement: after", [](C c) { return c.norm_placement == NormPlacement::kAfter; }},
    {"norm placement: around", [](C c) { return c.norm_placement == NormPlacement::kAround; }},
    {"norm placement: residual", [](C c) { return c.norm_placement == NormPlacement::kResidual; }},
    {"parallel: two norms", [](C c) { return c.parallel && !c.shared_norm; }},
    {"parallel: one norm", [](C c) { return c.parallel && c.shared_norm; }},
    {"attention: biases of queries, keys, values", [](C c) { return c.qkv_bias; }},
    {"attention: bias of the output", [](C c) { return c.output_bias; }},
    {"attention: norm of each head", [](C c) { return !c.latent && c.qk_norm == QkNorm::kHead; }},
    {"attention: norms by head", [](C c) { return !c.latent && c.qk_norm == QkNorm::kHeads; }},
    {"attention: norm of all heads", [](C c) { return !c.latent && c.qk_norm == QkNorm::kRow; }},
    {"attention: norm with bias", [](C c) { return !c.latent && c.qk_norm_bias; }},
    {"attention: scale", [](C c) { return c.attention_scale > 0; }},
    {"attention: scale by layer", [](C c) { return c.scale_by_layer && c.layer_count > 1; }},
    {"attention: soft cap", [](C c) { return c.attention_softcap > 0; }},
    {"attention: window",
     [](C c) { return AnyLayer(c, [](const LayerConfig& l) { return l.window > 0; }); }},
    {"attention: layers with and without window",
     [](C c) {
       return AnyLayer(c, [](const LayerConfig& l) { return l.window > 0; }) &&
              AnyLayer(c, [](const LayerConfig& l) { return l.window == 0; });
     }},
    {"latent attention", [](C c) { return c.latent && c.latent->q_rank == 0; }},
    {"latent attention: compressed queries", [](C c) { return c.latent && c.latent->q_rank > 0; }},
    {"latent attention: window",
     [](C c) {
       return c.latent && AnyLayer(c, [](const LayerConfig& l) { return l.window > 0; });
     }},
    {"feed-forward: gated", [](C c) { return Dense(c) && c.gated; }},
    {"feed-forward: plain", [](C c) { return Dense(c) && !c.gated; }},
    {"feed-forward: biases", [](C c) { return Dense(c) && c.mlp_bias; }},
    {"activation: silu", [](C c) { return c.activation == Activation::kSilu; }},
    {"activation: gelu", [](C c) { return c.activation == Activation::kGelu; }},
    {"activation: gelu by tanh", [](C c) { return c.activation == Activation::kGeluTanh; }},
    {"activation: quick gelu", [](C c) { return c.activation == Activation::kQuickGelu; }},
    {"activation: relu", [](C c) { return c.activation == Activation::kRelu; }},
    {"experts", Experts},
    {"experts: in some layers", [](C c) { return Experts(c) && Dense(c); }},
    {"experts: one a token", [](C c) { return Experts(c) && c.experts.used == 1; }},
    {"experts: groups", [](C c) { return Experts(c) && c.experts.groups_used < c.experts.groups; }},
    {"experts: shared", [](C c) { return Experts(c) && c.experts.shared_size > 0; }},
    {"experts: gated shared", [](C c) { return Experts(c) && c.experts.shared_gate; }},
    {"experts: normalised", [](C c) { return Experts(c) && c.experts.normalize; }},
    {"experts: not normalised", [](C c) { return Experts(c) && !c.experts.normalize; }},
    {"experts: scaled", [](C c) { return Experts(c) && c.experts.scale != 1; }},
    {"embedding: scale", [](C c) { return c.embedding_scale != 1; }},
    {"residual: scale", [](C c) { return c.residual_scale != 1; }},
    {"logits: scale", [](C c) { return c.logit_scale != 1; }},
    {"logits: soft cap", [](C c) { return c.final_softcap > 0; }},
    {"head: the embeddings", [](C c) { return c.tied_embeddings; }},
    {"head: its own matrix", [](C c) { return !c.tied_embeddings; }},
    {"head: bias", [](C c) { return c.head_bias; }},
    {"head: transform", [](C c) { return c.head_transform.has_value(); }},
    {"head: transform with bias",
     [](C c) { return c.head_transform.has_value() && c.head_transform_bias; }},
};

}  // namespace

std::vector<std::string> AllDecoderKinds() {
  std::vector<std::string> names;
  for (const Kind& kind : kKinds) names.emplace_back(kind.name);
  return names;
}

std::set<std::string> DecoderKinds(const ModelConfig& config) {
  std::set<std::string> names;
  for (const Kind& kind : kKinds) {
    if (kind.has(config)) names.insert(kind.name);
  }
  return names;
}

}  // namespace pano::reference
