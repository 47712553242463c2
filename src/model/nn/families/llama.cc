// Llama 1 to 3 and what shares its layout (Touvron et al., 2023), Mistral (Jiang et al., 2023) and
// Mixtral (Jiang et al., 2024).
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

void ReadCommon(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  ReadHfRope(reader, config);
  ReadHfRmsNorm(reader, 1e-6, config);
  ReadHfActivation(reader, "hidden_act", "silu", config);
}

void ReadLlama(ConfigReader& reader, ModelConfig& config) {
  ReadCommon(reader, config);
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", false);
  config.mlp_bias = reader.BoolOr("mlp_bias", false);
  reader.MustEqual("sliding_window", json::Value());
  reader.Ignore({"pretraining_tp", "rope_interleaved"});
}

void ReadMistral(ConfigReader& reader, ModelConfig& config) {
  config.kv_head_count = 8;
  config.context_length = 131072;
  ReadCommon(reader, config);
  ReadHfWindows(reader, {}, config, /*absent=*/4096);
  reader.MustEqual("attention_bias", false);
}

void ReadMixtral(ConfigReader& reader, ModelConfig& config) {
  config.kv_head_count = 8;
  config.context_length = 131072;
  config.rope.theta = 1e6;
  ReadCommon(reader, config);
  ReadHfRmsNorm(reader, 1e-5, config);
  ReadHfWindows(reader, {}, config);
  reader.MustEqual("attention_bias", false);
  config.experts.count = reader.IntOr("num_local_experts", 1, 1 << 16, 8);
  config.experts.used = reader.IntOr("num_experts_per_tok", 1, 1 << 16, 2);
  config.experts.size = config.ffn_size;
  for (LayerConfig& layer : config.layers) layer.experts = true;
  reader.Ignore({"router_aux_loss_coef", "output_router_logits", "router_jitter_noise"});
}

void WriteLlama(const ModelConfig& config, json::Value& out) {
  WriteHfLlamaLike(config, out);
  out.Set("attention_bias", config.qkv_bias);
  out.Set("mlp_bias", config.mlp_bias);
}

void WriteMistral(const ModelConfig& config, json::Value& out) {
  WriteHfLlamaLike(config, out);
  WriteHfWindows(config, out);
}

void WriteMixtral(const ModelConfig& config, json::Value& out) {
  WriteMistral(config, out);
  out.Set("num_local_experts", config.experts.count);
  out.Set("num_experts_per_tok", config.experts.used);
}

void WriteGguf(const ModelConfig& config, GgufFields& out) {
  WriteGgufFields(config, out);
  for (const LayerConfig& layer : config.layers) {
    if (layer.window == 0) continue;
    out.notes.push_back(
        "attention.sliding_window: other programs may not read it for this architecture");
    break;
  }
}

WeightNames MixtralHfNames() {
  WeightNames names = LlamaHfNames();
  names.router = "model.layers.{}.block_sparse_moe.gate";
  names.expert_gate = "model.layers.{}.block_sparse_moe.experts.{e}.w1";
  names.expert_up = "model.layers.{}.block_sparse_moe.experts.{e}.w3";
  names.expert_down = "model.layers.{}.block_sparse_moe.experts.{e}.w2";
  return names;
}

// All three are "llama" in GGUF.
void ReadGguf(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  config.rope.interleaved = true;  // the converter permutes the rows of q and k for it
  ReadGgufRmsNorm(reader, config);
  ReadGgufExperts(reader, config);
  ReadGgufWindows(reader, {}, config);
}

}  // namespace

extern const Family kLlama, kMistral, kMixtral;
const Family kLlama = {"llama",   "llama",    ReadLlama,          ReadGguf,       LlamaHfNames,
                       GgufNames, WriteLlama, "LlamaForCausalLM", WriteGgufFields};
const Family kMistral = {"mistral", "",           ReadMistral,          nullptr,   LlamaHfNames,
                         nullptr,   WriteMistral, "MistralForCausalLM", WriteGguf, "llama"};
const Family kMixtral = {"mixtral", "",           ReadMixtral,          nullptr,   MixtralHfNames,
                         nullptr,   WriteMixtral, "MixtralForCausalLM", WriteGguf, "llama"};

}  // namespace pano::nn
