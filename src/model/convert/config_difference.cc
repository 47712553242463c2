#include "model/convert/config_difference.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "model/nn/rope_table.h"

namespace pano::convert {
namespace {

// Collects the first difference.
class Comparison {
 public:
  void Int(std::string_view what, int64_t a, int64_t b) {
    if (a != b && text_.empty()) text_ = StrCat(what, ": ", a, " and ", b);
  }
  template <typename Enum>
  void Kind(std::string_view what, Enum a, Enum b) {
    Int(what, static_cast<int64_t>(a), static_cast<int64_t>(b));
  }
  void Bool(std::string_view what, bool a, bool b) {
    if (a != b && text_.empty()) text_ = StrCat(what, ": ", a, " and ", b);
  }
  // Metadata keeps floats, config.json decimals.
  void Number(std::string_view what, double a, double b) {
    if (std::abs(a - b) > 1e-6 * std::max(std::abs(a), std::abs(b)) && text_.empty()) {
      text_ = StrCat(what, ": ", a, " and ", b);
    }
  }
  void Numbers(std::string_view what, const std::vector<double>& a, const std::vector<double>& b) {
    Int(what, static_cast<int64_t>(a.size()), static_cast<int64_t>(b.size()));
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) Number(what, a[i], b[i]);
  }
  std::string Text() const { return text_; }

 private:
  std::string text_;
};

void Rope(Comparison& compare, const nn::RopeConfig& a, const nn::RopeConfig& b) {
  using Scaling = nn::RopeConfig::Scaling;
  compare.Int("rope dimensions", a.dim, b.dim);
  if (a.dim == 0) return;
  compare.Number("rope theta", a.theta, b.theta);
  compare.Bool("rope interleaved", a.interleaved, b.interleaved);
  if (a.scaling != b.scaling) {
    compare.Int(
        StrCat("rope scaling ", nn::ScalingName(a.scaling), " and ", nn::ScalingName(b.scaling)),
        static_cast<int64_t>(a.scaling), static_cast<int64_t>(b.scaling));
    return;
  }
  if (a.scaling == Scaling::kNone) return;
  if (a.scaling != Scaling::kLongRope) compare.Number("rope factor", a.factor, b.factor);
  if (a.scaling == Scaling::kLinear) return;
  compare.Int("rope original context", a.original_context, b.original_context);
  if (a.scaling == Scaling::kLlama3) {
    compare.Number("rope low_freq_factor", a.low_freq_factor, b.low_freq_factor);
    compare.Number("rope high_freq_factor", a.high_freq_factor, b.high_freq_factor);
  }
  if (a.scaling == Scaling::kYarn) {
    compare.Number("rope beta_fast", a.beta_fast, b.beta_fast);
    compare.Number("rope beta_slow", a.beta_slow, b.beta_slow);
    compare.Bool("rope truncate", a.truncate, b.truncate);
  }
  if (a.scaling == Scaling::kYarn || a.scaling == Scaling::kLongRope) {
    compare.Number("rope attention factor", a.attention_factor, b.attention_factor);
  }
  compare.Numbers("rope short factors", a.short_factors, b.short_factors);
  compare.Numbers("rope long factors", a.long_factors, b.long_factors);
}

void Sizes(Comparison& compare, const nn::ModelConfig& a, const nn::ModelConfig& b) {
  compare.Int("vocabulary", a.vocab_size, b.vocab_size);
  compare.Int("hidden size", a.hidden_size, b.hidden_size);
  compare.Int("layers", a.layer_count, b.layer_count);
  compare.Int("attention heads", a.head_count, b.head_count);
  compare.Int("key/value heads", a.kv_head_count, b.kv_head_count);
  compare.Int("head size", a.head_dim, b.head_dim);
  compare.Int("value size", a.value_size(), b.value_size());
  compare.Int("feed-forward size", a.ffn_size, b.ffn_size);
  compare.Int("context length", a.context_length, b.context_length);
  compare.Int("learned positions", a.learned_positions, b.learned_positions);
  compare.Int("position offset", a.position_offset, b.position_offset);
  compare.Int("token types", a.token_types, b.token_types);
}

void Layers(Comparison& compare, const nn::ModelConfig& a, const nn::ModelConfig& b) {
  bool local = false;
  for (size_t i = 0; i < std::min(a.layers.size(), b.layers.size()); ++i) {
    const std::string layer = StrCat("layer ", i, ": ");
    compare.Int(layer + "attention window", a.layers[i].window, b.layers[i].window);
    compare.Kind(layer + "rope", a.layers[i].rope, b.layers[i].rope);
    compare.Int(layer + "key/value heads", a.kv_heads(i), b.kv_heads(i));
    compare.Bool(layer + "experts", a.layers[i].experts, b.layers[i].experts);
    local = local || a.layers[i].rope == nn::LayerConfig::Rope::kLocal;
  }
  Rope(compare, a.rope, b.rope);
  if (local) Rope(compare, a.local_rope, b.local_rope);
}

void Attention(Comparison& compare, const nn::ModelConfig& a, const nn::ModelConfig& b) {
  auto scale = [](const nn::ModelConfig& c) {
    return c.attention_scale > 0
               ? c.attention_scale
               : 1.0 / std::sqrt(static_cast<double>(std::max<int64_t>(c.head_dim, 1)));
  };
  compare.Number("scale of attention scores", scale(a), scale(b));
  compare.Bool("scale by layer", a.scale_by_layer, b.scale_by_layer);
  compare.Number("attention soft cap", static_cast<double>(a.attention_softcap),
                 static_cast<double>(b.attention_softcap));
  compare.Bool("causal attention", a.causal, b.causal);
  compare.Bool("attention biases", a.qkv_bias, b.qkv_bias);
  compare.Bool("attention output bias", a.output_bias, b.output_bias);
  compare.Kind("norms of queries and keys", a.qk_norm, b.qk_norm);
  compare.Bool("biases of norms of queries and keys", a.qk_norm_bias, b.qk_norm_bias);
  compare.Bool("ALiBi", a.alibi, b.alibi);
  compare.Bool("latent attention", a.latent.has_value(), b.latent.has_value());
  if (!a.latent || !b.latent) return;
  compare.Int("latent query rank", a.latent->q_rank, b.latent->q_rank);
  compare.Int("latent key/value rank", a.latent->kv_rank, b.latent->kv_rank);
  compare.Int("latent components that do not turn", a.latent->nope_dim, b.latent->nope_dim);
  compare.Int("latent components that turn", a.latent->rope_dim, b.latent->rope_dim);
}

void Experts(Comparison& compare, const nn::ExpertConfig& a, const nn::ExpertConfig& b) {
  compare.Int("experts", a.count, b.count);
  if (a.count == 0) return;
  compare.Int("experts a token", a.used, b.used);
  compare.Int("size of experts", a.size, b.size);
  compare.Int("size of shared experts", a.shared_size, b.shared_size);
  compare.Bool("gate of shared experts", a.shared_gate, b.shared_gate);
  compare.Bool("normalised expert weights", a.normalize, b.normalize);
  compare.Number("scale of experts", static_cast<double>(a.scale), static_cast<double>(b.scale));
  compare.Int("groups of experts", a.groups, b.groups);
  compare.Int("groups of experts a token", a.groups_used, b.groups_used);
}

}  // namespace

std::string Difference(const nn::ModelConfig& a, const nn::ModelConfig& b) {
  Comparison compare;
  auto number = [&](std::string_view what, float x, float y) {
    compare.Number(what, static_cast<double>(x), static_cast<double>(y));
  };
  Sizes(compare, a, b);
  Layers(compare, a, b);
  compare.Kind("kind of norm", a.norm, b.norm);
  compare.Kind("place of norms", a.norm_placement, b.norm_placement);
  number("norm epsilon", a.norm_epsilon, b.norm_epsilon);
  number("norm offset", a.norm_offset, b.norm_offset);
  compare.Bool("norm biases", a.norm_bias, b.norm_bias);
  compare.Bool("embedding norm", a.embedding_norm, b.embedding_norm);
  compare.Bool("final norm", a.final_norm, b.final_norm);
  compare.Bool("parallel blocks", a.parallel, b.parallel);
  compare.Bool("shared norm", a.shared_norm, b.shared_norm);
  Attention(compare, a, b);
  compare.Kind("activation", a.activation, b.activation);
  compare.Bool("gated feed-forward", a.gated, b.gated);
  compare.Bool("feed-forward biases", a.mlp_bias, b.mlp_bias);
  Experts(compare, a.experts, b.experts);
  number("embedding scale", a.embedding_scale, b.embedding_scale);
  number("residual scale", a.residual_scale, b.residual_scale);
  number("logit scale", a.logit_scale, b.logit_scale);
  number("final soft cap", a.final_softcap, b.final_softcap);
  compare.Bool("tied embeddings", a.tied_embeddings, b.tied_embeddings);
  compare.Bool("head bias", a.head_bias, b.head_bias);
  return compare.Text();
}

}  // namespace pano::convert
