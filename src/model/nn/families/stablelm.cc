// StableLM 2 (Bellagente et al., 2024): layer norms, partial rotary.
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

void ReadHf(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  ReadHfRope(reader, config, /*partial=*/0.25);
  ReadHfLayerNorm(reader, "layer_norm_eps", /*bias=*/true, config);
  ReadHfActivation(reader, "hidden_act", "silu", config);
  config.qkv_bias = reader.BoolOr("use_qkv_bias", false);
  if (reader.BoolOr("qk_layernorm", false)) config.qk_norm = QkNorm::kHeads;
  config.parallel = config.shared_norm = reader.BoolOr("use_parallel_residual", false);
}

WeightNames HfNames() {
  WeightNames names = LlamaHfNames();
  names.q_norm = "model.layers.{}.self_attn.q_layernorm";
  names.k_norm = "model.layers.{}.self_attn.k_layernorm";
  return names;
}

void ReadGguf(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufLayerNorm(reader, config);
  config.parallel = config.shared_norm = reader.BoolOr("use_parallel_residual", false);
}

void WriteHf(const ModelConfig& config, json::Value& out) {
  WriteHfSizes(config, out);
  WriteHfRope(config, out);
  if (config.rope.dim == config.head_dim) out.Set("partial_rotary_factor", 1.0);
  WriteHfEpsilon(config, "layer_norm_eps", out);
  WriteHfActivation(config, "hidden_act", out);
  out.Set("use_qkv_bias", config.qkv_bias);
  out.Set("use_parallel_residual", config.parallel);
}

void WriteGguf(const ModelConfig& config, GgufFields& out) {
  WriteGgufFields(config, out);
  out.Bool("use_parallel_residual", config.parallel);
}

}  // namespace

extern const Family kStablelm;
const Family kStablelm = {"stablelm", "stablelm", ReadHf,  ReadGguf,
                          HfNames,    GgufNames,  WriteHf, "StableLmForCausalLM",
                          WriteGguf};

}  // namespace pano::nn
