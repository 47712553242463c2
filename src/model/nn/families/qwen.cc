// Qwen 2 and 2.5 (Yang et al., 2024), Qwen 3 with norms on queries and keys (Yang et al., 2025),
// and the mixtures of experts of both.
#include "base/strings.h"
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

void ReadCommon(ConfigReader& reader, ModelConfig& config, SlidingLayers::Kind sliding) {
  config.context_length = 32768;
  ReadHfSizes(reader, config);
  ReadHfRope(reader, config);
  ReadHfRmsNorm(reader, 1e-6, config);
  ReadHfActivation(reader, "hidden_act", "silu", config);
  const bool slides = reader.BoolOr("use_sliding_window", false);
  const int64_t from = reader.IntOr("max_window_layers", 0, kLayersMax, 28);
  if (slides) {
    ReadHfWindows(reader, {sliding, from}, config);
  } else {
    reader.Ignore({"sliding_window", "layer_types"});
  }
}

void ReadQwen2(ConfigReader& reader, ModelConfig& config) {
  ReadCommon(reader, config, SlidingLayers::Kind::kFrom);
  config.qkv_bias = true;
}

void ReadQwen3Layers(ConfigReader& reader, ModelConfig& config, SlidingLayers::Kind sliding) {
  ReadCommon(reader, config, sliding);
  config.qk_norm = QkNorm::kHead;
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", false);
}

void ReadQwen3(ConfigReader& reader, ModelConfig& config) {
  config.head_dim = 128;
  ReadQwen3Layers(reader, config, SlidingLayers::Kind::kFrom);
}

void ReadExperts(ConfigReader& reader, ModelConfig& config) {
  ExpertConfig& experts = config.experts;
  experts.count =
      reader.IntOr("num_experts", 1, 1 << 16, reader.IntOr("num_local_experts", 1, 1 << 16, 0));
  if (experts.count == 0) reader.Int("num_experts", 1, 1 << 16);  // missing
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
  // Which layers slide here follows a rule of its own.
  reader.MustEqual("use_sliding_window", false);
  ReadCommon(reader, config, SlidingLayers::Kind::kNone);
  config.qkv_bias = reader.BoolOr("qkv_bias", true);
  ReadExperts(reader, config);
  config.experts.shared_size = reader.Int("shared_expert_intermediate_size", 1, kSizeMax);
  config.experts.shared_gate = true;
}

void ReadQwen3Moe(ConfigReader& reader, ModelConfig& config) {
  ReadQwen3Layers(reader, config, SlidingLayers::Kind::kAll);
  ReadExperts(reader, config);
}

void WriteQwen2(const ModelConfig& config, json::Value& out) {
  WriteHfLlamaLike(config, out);
  WriteHfWindows(config, out);
  out.Set("use_sliding_window", !out.Find("sliding_window")->is_null());
}

void WriteQwen3(const ModelConfig& config, json::Value& out) {
  WriteQwen2(config, out);
  out.Set("attention_bias", config.qkv_bias);
}

void WriteQwen3Moe(const ModelConfig& config, json::Value& out) {
  WriteQwen3(config, out);
  out.Set("num_experts", config.experts.count);
  out.Set("num_experts_per_tok", config.experts.used);
  out.Set("moe_intermediate_size", config.experts.size);
  out.Set("norm_topk_prob", config.experts.normalize);
  out.Set("decoder_sparse_step", 1);
  out.Set("mlp_only_layers", json::Array());
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
const Family kQwen2 = {"qwen2",   "qwen2",    ReadQwen2,          ReadGguf,       LlamaHfNames,
                       GgufNames, WriteQwen2, "Qwen2ForCausalLM", WriteGgufFields};
const Family kQwen3 = {"qwen3",   "qwen3",    ReadQwen3,          ReadGgufQwen3,  LlamaHfNames,
                       GgufNames, WriteQwen3, "Qwen3ForCausalLM", WriteGgufFields};
const Family kQwen3Moe = {"qwen3_moe",    "qwen3moe", ReadQwen3Moe,  ReadGgufQwen3Moe,
                          MoeHfNames,     GgufNames,  WriteQwen3Moe, "Qwen3MoeForCausalLM",
                          WriteGgufFields};

}  // namespace pano::nn
