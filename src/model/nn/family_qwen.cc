// Qwen 2 and 2.5 (Yang et al., 2024), Qwen 3 with norms on queries and keys (Yang et al., 2025), and
// the mixtures of experts of both.
#include "base/strings.h"
#include "model/nn/gguf_fields.h"
#include "model/nn/hf_fields.h"

namespace pano::nn {
namespace {

void ReadCommon(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  ReadHfRope(reader, config);
  ReadHfRmsNorm(reader, 1e-6, config);
  ReadHfActivation(reader, "hidden_act", "silu", config);
  const bool slides = reader.BoolOr("use_sliding_window", false);
  const int64_t from = reader.IntOr("max_window_layers", 0, kLayersMax, 28);
  if (slides) {
    ReadHfWindows(reader, {SlidingLayers::Kind::kFrom, from}, config);
  } else {
    reader.Ignore({"sliding_window", "layer_types"});
  }
}

void ReadQwen2(ConfigReader& reader, ModelConfig& config) {
  ReadCommon(reader, config);
  config.qkv_bias = true;
}

void ReadQwen3(ConfigReader& reader, ModelConfig& config) {
  ReadCommon(reader, config);
  config.qk_norm = QkNorm::kHead;
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", false);
}

void ReadExperts(ConfigReader& reader, ModelConfig& config) {
  ExpertConfig& experts = config.experts;
  experts.count = reader.Int("num_experts", 1, 1 << 16);
  experts.used = reader.Int("num_experts_per_tok", 1, 1 << 16);
  experts.size = reader.Int("moe_intermediate_size", 1, kSizeMax);
  experts.normalize = reader.BoolOr("norm_topk_prob", false);
  const int64_t step = reader.IntOr("decoder_sparse_step", 1, kLayersMax, 1);
  for (int64_t i = 0; i < config.layer_count; ++i) {
    config.layers[static_cast<size_t>(i)].experts = (i + 1) % step == 0;
  }
  const json::Value dense = reader.Raw("mlp_only_layers");
  if (dense.is_array()) {
    for (const json::Value& layer : dense.as_array()) {
      if (layer.is_int() && layer.as_int() >= 0 && layer.as_int() < config.layer_count) {
        config.layers[static_cast<size_t>(layer.as_int())].experts = false;
      }
    }
  }
  reader.Ignore({"router_aux_loss_coef", "output_router_logits"});
}

void ReadQwen2Moe(ConfigReader& reader, ModelConfig& config) {
  ReadCommon(reader, config);
  config.qkv_bias = reader.BoolOr("qkv_bias", true);
  ReadExperts(reader, config);
  config.experts.shared_size = reader.Int("shared_expert_intermediate_size", 1, kSizeMax);
  config.experts.shared_gate = true;
}

void ReadQwen3Moe(ConfigReader& reader, ModelConfig& config) {
  ReadQwen3(reader, config);
  ReadExperts(reader, config);
}

WeightNames MoeHfNames() {
  WeightNames names = LlamaHfNames();
  names.router = "model.layers.{}.mlp.gate";
  names.expert_gate = "model.layers.{}.mlp.experts.{e}.gate_proj";
  names.expert_up = "model.layers.{}.mlp.experts.{e}.up_proj";
  names.expert_down = "model.layers.{}.mlp.experts.{e}.down_proj";
  names.shared_gate = "model.layers.{}.mlp.shared_expert.gate_proj";
  names.shared_up = "model.layers.{}.mlp.shared_expert.up_proj";
  names.shared_down = "model.layers.{}.mlp.shared_expert.down_proj";
  names.shared_router = "model.layers.{}.mlp.shared_expert_gate";
  return names;
}

void ReadGguf(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufRmsNorm(reader, config);
}

void ReadGgufQwen3(ConfigReader& reader, ModelConfig& config) {
  ReadGguf(reader, config);
  config.qk_norm = QkNorm::kHead;
}

void ReadGgufQwen3Moe(ConfigReader& reader, ModelConfig& config) {
  ReadGgufQwen3(reader, config);
  ReadGgufExperts(reader, config);
}

}  // namespace

extern const Family kQwen2, kQwen2Moe, kQwen3, kQwen3Moe;
const Family kQwen2Moe = {"qwen2_moe", "", ReadQwen2Moe, nullptr, MoeHfNames, nullptr};
const Family kQwen2 = {"qwen2", "qwen2", ReadQwen2, ReadGguf, LlamaHfNames, GgufNames};
const Family kQwen3 = {"qwen3", "qwen3", ReadQwen3, ReadGgufQwen3, LlamaHfNames, GgufNames};
const Family kQwen3Moe = {"qwen3_moe",      "qwen3moe", ReadQwen3Moe,
                          ReadGgufQwen3Moe, MoeHfNames, GgufNames};

}  // namespace pano::nn
