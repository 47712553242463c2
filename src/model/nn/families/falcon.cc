// Falcon (Almazrouei et al., 2023): 7B's one key/value head and 40B's groups; StarCoder 2 (Lozhkov
// et al., 2024).
#include "base/strings.h"
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

void ReadFalcon(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  config.ffn_size = reader.IntOr("ffn_hidden_size", 1, kSizeMax, 4 * config.hidden_size);
  config.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  ReadHfRope(reader, config);
  ReadHfLayerNorm(reader, "layer_norm_epsilon", /*bias=*/true, config);
  ReadHfActivation(reader, "activation", "gelu", config);
  config.gated = false;
  config.qkv_bias = config.output_bias = config.mlp_bias = reader.BoolOr("bias", false);
  config.alibi = reader.BoolOr("alibi", false);
  if (config.alibi) config.rope.dim = config.local_rope.dim = 0;
  if (config.alibi && config.context_length > 1 << 16) {
    reader.Fail(Unimplemented(StrCat(reader.Field("alibi"), " with a context of ",
                                     config.context_length, " is not supported")));
  }
  const bool newer = reader.BoolOr("new_decoder_architecture", false);
  const bool one_head = reader.BoolOr("multi_query", true);
  const int64_t groups = reader.IntOr("num_kv_heads", 1, kHeadsMax, config.head_count);
  config.kv_head_count = newer ? groups : one_head ? 1 : config.head_count;
  const int64_t norms = reader.IntOr("num_ln_in_parallel_attn", 1, 2, newer ? 2 : 1);
  config.parallel = newer || reader.BoolOr("parallel_attn", true);
  config.shared_norm = config.parallel && (!newer || norms == 1);
}

WeightNames FalconHfNames() {
  WeightNames names;
  names.embedding = "transformer.word_embeddings";
  names.final_norm = "transformer.ln_f";
  names.head = "lm_head";
  names.attention_norm = "transformer.h.{}.input_layernorm|transformer.h.{}.ln_attn";
  names.qkv = "transformer.h.{}.self_attention.query_key_value";
  names.qkv_layout = QkvLayout::kGroups;
  names.o = "transformer.h.{}.self_attention.dense";
  names.ffn_norm = "transformer.h.{}.post_attention_layernorm|transformer.h.{}.ln_mlp";
  names.up = "transformer.h.{}.mlp.dense_h_to_4h";
  names.down = "transformer.h.{}.mlp.dense_4h_to_h";
  names.optional_prefix = "transformer.";
  return names;
}

void ReadStarcoder2(ConfigReader& reader, ModelConfig& config) {
  config.kv_head_count = 2;
  config.context_length = 4096;
  ReadHfSizes(reader, config);
  config.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  ReadHfRope(reader, config);
  ReadHfLayerNorm(reader, "norm_epsilon", /*bias=*/true, config);
  ReadHfActivation(reader, "hidden_act", "gelu_pytorch_tanh", config);
  ReadHfWindows(reader, {}, config);
  config.gated = false;
  config.qkv_bias = config.output_bias = config.mlp_bias = reader.BoolOr("use_bias", true);
  reader.MustEqual("norm_type", "layer_norm");
  reader.MustEqual("mlp_type", "default");
  reader.Ignore({"embedding_dropout", "residual_dropout", "layer_norm_epsilon"});
}

WeightNames Starcoder2HfNames() {
  WeightNames names = LlamaHfNames();
  names.up = "model.layers.{}.mlp.c_fc";
  names.down = "model.layers.{}.mlp.c_proj";
  return names;
}

void WriteStarcoder2(const ModelConfig& config, json::Value& out) {
  WriteHfSizes(config, out);
  WriteHfRope(config, out);
  WriteHfEpsilon(config, "norm_epsilon", out);
  WriteHfActivation(config, "hidden_act", out);
  WriteHfWindows(config, out);
  out.Set("use_bias", config.qkv_bias);
}

void ReadGgufFalcon(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufLayerNorm(reader, config);
  config.activation = ops::Activation::kGelu;
  config.gated = false;
  config.parallel = true;
  config.shared_norm = config.kv_head_count == 1;  // 40B has a second norm, and groups
}

void ReadGgufStarcoder2(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufLayerNorm(reader, config);
  ReadGgufWindows(reader, {}, config);
  config.activation = ops::Activation::kGeluTanh;
  config.gated = false;
}

// 40B's attn_norm_2 is the one before attention.
WeightNames FalconGgufNames() {
  WeightNames names = FusedGgufNames();
  names.attention_norm = "blk.{}.attn_norm_2|blk.{}.attn_norm";
  names.ffn_norm = "blk.{}.attn_norm";
  return names;
}

}  // namespace

extern const Family kFalcon, kStarcoder2;
const Family kFalcon = {"falcon",       "falcon",      ReadFalcon,
                        ReadGgufFalcon, FalconHfNames, FalconGgufNames};
const Family kStarcoder2 = {
    "starcoder2", "starcoder2",    ReadStarcoder2,          ReadGgufStarcoder2, Starcoder2HfNames,
    GgufNames,    WriteStarcoder2, "Starcoder2ForCausalLM", WriteGgufFields};

}  // namespace pano::nn
