// DeepSeek-V2 (DeepSeek-AI, 2024): latent attention, shared experts, group-limited routing.
#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"

namespace pano::nn {
namespace {

void SetLatent(ModelConfig& config, LatentConfig latent, int64_t value_dim) {
  config.latent = latent;
  config.head_dim = latent.nope_dim + latent.rope_dim;
  config.value_dim = value_dim;
  config.kv_head_count = config.head_count;
  config.rope.dim = latent.rope_dim;
  config.rope.interleaved = true;
}

void ReadExperts(ConfigReader& reader, ModelConfig& config) {
  ExpertConfig& experts = config.experts;
  experts.count = reader.IntOr("n_routed_experts", 0, 1 << 16, 0);
  experts.used = reader.IntOr("num_experts_per_tok", 0, 1 << 16, 0);
  experts.size = reader.IntOr("moe_intermediate_size", 1, kSizeMax, 1407);
  experts.shared_size = reader.IntOr("n_shared_experts", 0, 1 << 10, 0) * experts.size;
  experts.scale = static_cast<float>(reader.DoubleOr("routed_scaling_factor", 1e-9, 1e9, 1.0));
  experts.normalize = false;
  reader.MustEqual("norm_topk_prob", false);
  reader.MustEqual("scoring_func", "softmax");
  reader.MustEqual("mlp_bias", false);
  reader.MustEqual("moe_layer_freq", 1);
  const std::string method = reader.StringOr("topk_method", "greedy");
  const int64_t groups = reader.IntOr("n_group", 1, 1 << 16, 1);
  const int64_t groups_used = reader.IntOr("topk_group", 1, 1 << 16, 1);
  if (method == "group_limited_greedy") {
    experts.groups = groups;
    experts.groups_used = groups_used;
  } else if (method != "greedy") {
    reader.Fail(Unimplemented(
        StrCat(reader.Field("topk_method"), " '", Printable(method), "' is not supported")));
  }
  const int64_t dense = reader.IntOr("first_k_dense_replace", 0, kLayersMax, 0);
  for (int64_t i = dense; i < config.layer_count && experts.count > 0; ++i) {
    config.layers[static_cast<size_t>(i)].experts = true;
  }
  reader.Ignore({"aux_loss_alpha", "seq_aux", "ep_size", "auto_map"});
}

// YaRN's temperature acts on the whole score here, not through cos and sin alone.
void SharpenScores(ConfigReader& reader, ModelConfig& config) {
  json::Value scaling = reader.Raw("rope_parameters");
  if (!scaling.is_object()) scaling = reader.Raw("rope_scaling");
  const json::Value* weight = scaling.is_object() ? scaling.Find("mscale_all_dim") : nullptr;
  if (config.rope.scaling != RopeConfig::Scaling::kYarn || !weight || !weight->is_number()) return;
  const double factor = std::max(config.rope.factor, 1.0);
  const double temperature = 0.1 * weight->as_double() * std::log(factor) + 1.0;
  config.attention_scale =
      temperature * temperature / std::sqrt(static_cast<double>(config.head_dim));
}

void ReadHf(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  LatentConfig latent;
  latent.q_rank = reader.IntOr("q_lora_rank", 1, kSizeMax, 0);
  latent.kv_rank = reader.IntOr("kv_lora_rank", 1, kSizeMax, 512);
  latent.nope_dim = reader.IntOr("qk_nope_head_dim", 1, kHeadDimMax, 128);
  latent.rope_dim = reader.IntOr("qk_rope_head_dim", 2, kHeadDimMax, 64);
  const int64_t value_dim = reader.IntOr("v_head_dim", 1, kHeadDimMax, 128);
  config.head_dim = latent.rope_dim;
  ReadHfRope(reader, config);
  SetLatent(config, latent, value_dim);
  config.local_rope = config.rope;
  SharpenScores(reader, config);
  ReadHfRmsNorm(reader, 1e-6, config);
  ReadHfActivation(reader, "hidden_act", "silu", config);
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", false);
  ReadExperts(reader, config);
}

WeightNames HfNames() {
  WeightNames names = LlamaHfNames();
  names.q_a = "model.layers.{}.self_attn.q_a_proj";
  names.q_a_norm = "model.layers.{}.self_attn.q_a_layernorm";
  names.q_b = "model.layers.{}.self_attn.q_b_proj";
  names.kv_a = "model.layers.{}.self_attn.kv_a_proj_with_mqa";
  names.kv_a_norm = "model.layers.{}.self_attn.kv_a_layernorm";
  names.kv_b = "model.layers.{}.self_attn.kv_b_proj";
  names.router = "model.layers.{}.mlp.gate";
  names.expert_gate = "model.layers.{}.mlp.experts.{e}.gate_proj";
  names.expert_up = "model.layers.{}.mlp.experts.{e}.up_proj";
  names.expert_down = "model.layers.{}.mlp.experts.{e}.down_proj";
  names.shared_gate = "model.layers.{}.mlp.shared_experts.gate_proj";
  names.shared_up = "model.layers.{}.mlp.shared_experts.up_proj";
  names.shared_down = "model.layers.{}.mlp.shared_experts.down_proj";
  return names;
}

}  // namespace

extern const Family kDeepseekV2;
const Family kDeepseekV2 = {"deepseek_v2", "", ReadHf, nullptr, HfNames, nullptr};

}  // namespace pano::nn
