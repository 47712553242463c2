// OLMo 2 (Walsh et al., 2024): norms after the blocks, and on whole rows of queries and keys.
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

void SetShape(ModelConfig& config) {
  config.norm_placement = NormPlacement::kAfter;
  config.qk_norm = QkNorm::kRow;
}

void ReadHf(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  ReadHfRope(reader, config);
  ReadHfRmsNorm(reader, 1e-5, config);
  ReadHfActivation(reader, "hidden_act", "silu", config);
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", false);
  SetShape(config);
}

WeightNames HfNames() {
  WeightNames names = LlamaHfNames();
  names.attention_post_norm = "model.layers.{}.post_attention_layernorm";
  names.ffn_post_norm = "model.layers.{}.post_feedforward_layernorm";
  return names;
}

void ReadGguf(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufRmsNorm(reader, config);
  SetShape(config);
}

void WriteHf(const ModelConfig& config, json::Value& out) {
  WriteHfLlamaLike(config, out);
  out.Set("attention_bias", config.qkv_bias);
}

}  // namespace

extern const Family kOlmo2;
const Family kOlmo2 = {"olmo2",        "olmo2",   ReadHf,  ReadGguf,
                       HfNames,        GgufNames, WriteHf, "Olmo2ForCausalLM",
                       WriteGgufFields};

}  // namespace pano::nn
