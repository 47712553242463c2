// Granite (IBM, 2024): Llama with four multipliers.
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

float Factor(ConfigReader& reader, const char* key) {
  return static_cast<float>(reader.DoubleOr(key, 1e-9, 1e9, 1.0));
}

void ReadHf(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  ReadHfRope(reader, config);
  ReadHfRmsNorm(reader, 1e-6, config);
  ReadHfActivation(reader, "hidden_act", "silu", config);
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", false);
  config.mlp_bias = reader.BoolOr("mlp_bias", false);
  config.embedding_scale = Factor(reader, "embedding_multiplier");
  config.attention_scale = reader.DoubleOr("attention_multiplier", 1e-9, 1e9, 1.0);
  config.residual_scale = Factor(reader, "residual_multiplier");
  config.logit_scale = 1.0f / Factor(reader, "logits_scaling");
}

void ReadGguf(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  config.rope.interleaved = true;  // permuted like Llama's
  ReadGgufRmsNorm(reader, config);
  config.embedding_scale = Factor(reader, "embedding_scale");
  config.attention_scale = reader.DoubleOr("attention.scale", 1e-9, 1e9, 0.0);
  config.residual_scale = Factor(reader, "residual_scale");
  config.logit_scale = 1.0f / Factor(reader, "logit_scale");
}

void WriteHf(const ModelConfig& config, json::Value& out) {
  WriteHfLlamaLike(config, out);
  out.Set("attention_bias", config.qkv_bias);
  out.Set("mlp_bias", config.mlp_bias);
  out.Set("embedding_multiplier", ShortestDouble(config.embedding_scale));
  out.Set("attention_multiplier", ShortestDouble(static_cast<float>(config.attention_scale)));
  out.Set("residual_multiplier", ShortestDouble(config.residual_scale));
  out.Set("logits_scaling", ShortestDouble(1.0f / config.logit_scale));
}

void WriteGguf(const ModelConfig& config, GgufFields& out) {
  WriteGgufFields(config, out);
  out.Float("embedding_scale", static_cast<double>(config.embedding_scale));
  out.Float("attention.scale", config.attention_scale);
  out.Float("residual_scale", static_cast<double>(config.residual_scale));
  out.Float("logit_scale", static_cast<double>(1.0f / config.logit_scale));
}

}  // namespace

extern const Family kGranite;
const Family kGranite = {"granite",    "granite", ReadHf,  ReadGguf,
                         LlamaHfNames, GgufNames, WriteHf, "GraniteForCausalLM",
                         WriteGguf};

}  // namespace pano::nn
