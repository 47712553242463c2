#include "model/nn/families/gguf_fields.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace pano::nn {

void ReadGgufSizes(ConfigReader& reader, ModelConfig& config) {
  config.vocab_size = reader.IntOr("vocab_size", 1, kSizeMax, 0);
  config.hidden_size = reader.Int("embedding_length", 1, kSizeMax);
  config.layer_count = reader.Int("block_count", 1, kLayersMax);
  // A number, or a list with one for each layer.
  auto required = [&](std::string_view key, int64_t max) {
    const auto value = reader.IntOfLayers(key, config.layer_count, 1, max);
    if (!value) reader.Fail(Corruption(StrCat(reader.Field(key), " is missing")));
    return value.value_or(1);
  };
  config.ffn_size = required("feed_forward_length", kSizeMax);
  config.head_count = required("attention.head_count", kHeadsMax);
  const std::vector<int64_t> kv_heads =
      reader.IntsOfLayers("attention.head_count_kv", config.layer_count, 1, kHeadsMax);
  config.kv_head_count = kv_heads.empty() ? config.head_count : std::ranges::max(kv_heads);
  config.head_dim = reader.IntOr("attention.key_length", 1, kHeadDimMax,
                                 std::max<int64_t>(1, config.hidden_size / config.head_count));
  config.value_dim = reader.IntOr("attention.value_length", 1, kHeadDimMax, config.head_dim);
  config.context_length = reader.IntOr("context_length", 1, kContextMax, 2048);
  config.layers.assign(static_cast<size_t>(config.layer_count), {});
  if (!kv_heads.empty() && std::ranges::min(kv_heads) < config.kv_head_count) {
    for (size_t i = 0; i < kv_heads.size(); ++i) config.layers[i].kv_head_count = kv_heads[i];
  }
  reader.Ignore({"attention.causal", "rope.scaling.finetuned", "leading_dense_block_count",
                 "use_parallel_residual", "tensor_data_layout"});
}

void ReadGgufRope(ConfigReader& reader, ModelConfig& config) {
  RopeConfig& rope = config.rope;
  rope.theta = reader.DoubleOr("rope.freq_base", 1e-3, 1e12, 10000.0);
  rope.dim = reader.IntOr("rope.dimension_count", 1, kHeadDimMax, config.head_dim);
  const std::string scaling = reader.StringOr("rope.scaling.type", "none");
  const double linear = reader.DoubleOr("rope.scale_linear", 1e-6, 1e6, 1.0);
  const double factor = reader.DoubleOr("rope.scaling.factor", 0.0, 1e6, linear);
  rope.original_context = reader.IntOr("rope.scaling.original_context_length", 1, kContextMax, 0);
  const double attention_factor = reader.DoubleOr("rope.scaling.attn_factor", 1e-6, 1e6, 0.0);
  if (scaling == "linear" || (scaling == "none" && linear != 1.0)) {
    rope.scaling = RopeConfig::Scaling::kLinear;
    rope.factor = factor > 0 ? factor : 1.0;
  } else if (scaling == "yarn") {
    json::Value object;
    object.Set("rope_type", "yarn");
    object.Set("factor", factor);
    if (rope.original_context > 0) {
      object.Set("original_max_position_embeddings", rope.original_context);
    }
    if (attention_factor > 0) object.Set("attention_factor", attention_factor);
    ReadHfRopeScaling(reader, object, "rope.scaling", config.context_length, rope);
  } else if (scaling == "longrope") {
    // The factors are tensors; they are read with the weights.
    rope.scaling = RopeConfig::Scaling::kLongRope;
    if (attention_factor > 0) rope.attention_factor = attention_factor;
    if (rope.original_context < 2) rope.original_context = config.context_length;
  } else if (scaling != "none") {
    reader.Fail(Unimplemented(
        StrCat(reader.Field("rope.scaling.type"), " '", Printable(scaling), "' is not supported")));
  }
  config.local_rope = rope;
}

void ReadGgufRmsNorm(ConfigReader& reader, ModelConfig& config) {
  config.norm = NormKind::kRms;
  config.norm_epsilon =
      static_cast<float>(reader.Double("attention.layer_norm_rms_epsilon", 0.0, 1.0));
}

void ReadGgufLayerNorm(ConfigReader& reader, ModelConfig& config) {
  config.norm = NormKind::kLayer;
  config.norm_bias = true;
  config.norm_epsilon = static_cast<float>(reader.Double("attention.layer_norm_epsilon", 0.0, 1.0));
}

void ReadGgufExperts(ConfigReader& reader, ModelConfig& config) {
  ExpertConfig& experts = config.experts;
  experts.count = reader.IntOr("expert_count", 0, 1 << 16, 0);
  experts.used = reader.IntOr("expert_used_count", 0, 1 << 16, 0);
  experts.size = reader.IntOr("expert_feed_forward_length", 1, kSizeMax, config.ffn_size);
  for (LayerConfig& layer : config.layers) layer.experts = experts.count > 0;
}

void ReadGgufWindows(ConfigReader& reader, SlidingLayers layers, ModelConfig& config) {
  const int64_t window = reader.IntOr("attention.sliding_window", 0, kContextMax, 0);
  if (window == 0) return;
  for (size_t i = 0; i < config.layers.size(); ++i) {
    if (layers.Has(static_cast<int64_t>(i))) config.layers[i].window = window;
  }
}

WeightNames GgufNames() {
  WeightNames names;
  names.embedding = "token_embd";
  names.positions = "position_embd";
  names.token_types = "token_types";
  names.embedding_norm = "token_embd_norm";
  names.final_norm = "output_norm";
  names.head = "output";
  names.attention_norm = "blk.{}.attn_norm";
  names.attention_post_norm = "blk.{}.post_attention_norm";
  names.qkv = "blk.{}.attn_qkv";
  names.q = "blk.{}.attn_q";
  names.k = "blk.{}.attn_k";
  names.v = "blk.{}.attn_v";
  names.o = "blk.{}.attn_output";
  names.q_norm = "blk.{}.attn_q_norm";
  names.k_norm = "blk.{}.attn_k_norm";
  names.q_a = "blk.{}.attn_q_a";
  names.q_a_norm = "blk.{}.attn_q_a_norm";
  names.q_b = "blk.{}.attn_q_b";
  names.kv_a = "blk.{}.attn_kv_a_mqa";
  names.kv_a_norm = "blk.{}.attn_kv_a_norm";
  names.kv_b = "blk.{}.attn_kv_b";
  names.ffn_norm = "blk.{}.ffn_norm";
  names.ffn_post_norm = "blk.{}.post_ffw_norm";
  names.gate = "blk.{}.ffn_gate";
  names.up = "blk.{}.ffn_up";
  names.down = "blk.{}.ffn_down";
  names.router = "blk.{}.ffn_gate_inp";
  names.expert_gate = "blk.{}.ffn_gate_exps";
  names.expert_up = "blk.{}.ffn_up_exps";
  names.expert_down = "blk.{}.ffn_down_exps";
  names.shared_gate = "blk.{}.ffn_gate_shexp";
  names.shared_up = "blk.{}.ffn_up_shexp";
  names.shared_down = "blk.{}.ffn_down_shexp";
  names.shared_router = "blk.{}.ffn_gate_inp_shexp";
  names.rope_factors = "rope_freqs";
  names.rope_long_factors = "rope_factors_long";
  names.rope_short_factors = "rope_factors_short";
  return names;
}

WeightNames FusedGgufNames() {
  WeightNames names = GgufNames();
  names.qkv_layout = QkvLayout::kBlocks;
  return names;
}

}  // namespace pano::nn
