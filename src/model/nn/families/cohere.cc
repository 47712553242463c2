// Command-R (Cohere, 2024): layer norms without bias, attention and feed-forward side by side,
// interleaved rope.
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

void SetShape(ModelConfig& config) {
  config.parallel = config.shared_norm = true;
  config.rope.interleaved = true;
}

void ReadHf(ConfigReader& reader, ModelConfig& config) {
  config.rope.theta = 500000.0;
  config.context_length = 8192;
  ReadHfSizes(reader, config);
  config.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  ReadHfRope(reader, config);
  ReadHfLayerNorm(reader, "layer_norm_eps", /*bias=*/false, config);
  ReadHfActivation(reader, "hidden_act", "silu", config);
  SetShape(config);
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", false);
  config.logit_scale = static_cast<float>(reader.DoubleOr("logit_scale", 1e-9, 1e9, 0.0625));
  if (reader.BoolOr("use_qk_norm", false)) config.qk_norm = QkNorm::kHeads;
  reader.MustEqual("use_parallel_block", true);
  reader.MustEqual("use_gated_activation", true);
  reader.MustEqual("use_parallel_embedding", false);
}

void ReadGguf(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufLayerNorm(reader, config);
  SetShape(config);
  config.logit_scale = static_cast<float>(reader.DoubleOr("logit_scale", 1e-9, 1e9, 0.0625));
}

void WriteHf(const ModelConfig& config, json::Value& out) {
  WriteHfSizes(config, out);
  WriteHfRope(config, out);
  WriteHfEpsilon(config, "layer_norm_eps", out);
  WriteHfActivation(config, "hidden_act", out);
  out.Set("attention_bias", config.qkv_bias);
  out.Set("logit_scale", ShortestDouble(config.logit_scale));
  out.Set("use_qk_norm", config.qk_norm != QkNorm::kNone);
}

void WriteGguf(const ModelConfig& config, GgufFields& out) {
  WriteGgufFields(config, out);
  out.Float("logit_scale", static_cast<double>(config.logit_scale));
}

}  // namespace

extern const Family kCohere;
const Family kCohere = {"cohere", "command-r",         ReadHf,   ReadGguf, LlamaHfNames, GgufNames,
                        WriteHf,  "CohereForCausalLM", WriteGguf};

}  // namespace pano::nn
