// Phi-2 (Javaheripi et al., 2023: attention and feed-forward side by side) and Phi-3 (Abdin et al.,
// 2024: Llama's layout with fused matrices and longrope).
#include "base/strings.h"
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

void SetPhiShape(ModelConfig& config) {
  config.parallel = config.shared_norm = true;
  config.gated = false;
}

void ReadPhi(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  ReadHfRope(reader, config, /*partial=*/0.5);
  ReadHfLayerNorm(reader, "layer_norm_eps", /*bias=*/true, config);
  ReadHfActivation(reader, "hidden_act", "gelu_new", config);
  SetPhiShape(config);
  config.qkv_bias = config.output_bias = config.mlp_bias = config.head_bias = true;
  if (reader.BoolOr("qk_layernorm", false)) {
    config.qk_norm = QkNorm::kHead;
    config.qk_norm_bias = true;
  }
  reader.Ignore({"resid_pdrop", "embd_pdrop"});
}

WeightNames PhiHfNames() {
  WeightNames names = LlamaHfNames();
  names.final_norm = "model.final_layernorm";
  names.o = "model.layers.{}.self_attn.dense";
  names.q_norm = "model.layers.{}.self_attn.q_layernorm";
  names.k_norm = "model.layers.{}.self_attn.k_layernorm";
  names.up = "model.layers.{}.mlp.fc1";
  names.down = "model.layers.{}.mlp.fc2";
  return names;
}

void ReadPhi3(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  ReadHfRope(reader, config);
  if (config.rope.scaling != RopeConfig::Scaling::kNone &&
      config.rope.scaling != RopeConfig::Scaling::kLongRope) {
    reader.Fail(
        Unimplemented(StrCat(reader.Field("rope_scaling"), ": only longrope is supported here")));
  }
  ReadHfRmsNorm(reader, 1e-5, config);
  ReadHfActivation(reader, "hidden_act", "silu", config);
  ReadHfWindows(reader, {}, config);
  reader.MustEqual("attention_bias", false);
  reader.Ignore({"resid_pdrop", "embd_pdrop"});
}

WeightNames Phi3HfNames() {
  WeightNames names = LlamaHfNames();
  names.qkv = "model.layers.{}.self_attn.qkv_proj";
  names.qkv_layout = QkvLayout::kBlocks;
  names.gate_up = "model.layers.{}.mlp.gate_up_proj";
  return names;
}

void WritePhi(const ModelConfig& config, json::Value& out) {
  WriteHfSizes(config, out);
  WriteHfRope(config, out);
  WriteHfEpsilon(config, "layer_norm_eps", out);
  WriteHfActivation(config, "hidden_act", out);
}

void WritePhi3(const ModelConfig& config, json::Value& out) {
  WriteHfLlamaLike(config, out);
  WriteHfWindows(config, out);
}

void ReadGgufPhi2(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufLayerNorm(reader, config);
  config.activation = ops::Activation::kGeluTanh;
  SetPhiShape(config);
}

void ReadGgufPhi3(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufRmsNorm(reader, config);
  ReadGgufWindows(reader, {}, config);
}

WeightNames Phi3GgufNames() {
  WeightNames names = FusedGgufNames();
  names.gate_up = names.up;
  return names;
}

}  // namespace

extern const Family kPhi, kPhi3;
const Family kPhi = {"phi",          "phi2",   ReadPhi,          ReadGgufPhi2,   PhiHfNames,
                     FusedGgufNames, WritePhi, "PhiForCausalLM", WriteGgufFields};
const Family kPhi3 = {"phi3",        "phi3",    ReadPhi3,          ReadGgufPhi3,   Phi3HfNames,
                      Phi3GgufNames, WritePhi3, "Phi3ForCausalLM", WriteGgufFields};

}  // namespace pano::nn
