// GPT-2 (Radford et al., 2019: learned positions) and GPT-NeoX (Black et al., 2022: rotary,
// attention and feed-forward side by side).
#include "base/strings.h"
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"
#include "model/nn/families/hf_writing.h"

namespace pano::nn {
namespace {

void SetGpt2Shape(ModelConfig& config) {
  config.learned_positions = config.context_length;
  config.gated = false;
  config.rope.dim = 0;
}

void ReadGpt2(ConfigReader& reader, ModelConfig& config) {
  config.vocab_size = reader.Int("vocab_size", 1, kSizeMax);
  config.hidden_size = reader.Int("n_embd", 1, kSizeMax);
  config.layer_count = reader.Int("n_layer", 1, kLayersMax);
  config.head_count = config.kv_head_count = reader.Int("n_head", 1, kHeadsMax);
  config.head_dim = std::max<int64_t>(1, config.hidden_size / config.head_count);
  config.ffn_size = reader.IntOr("n_inner", 1, kSizeMax, 4 * config.hidden_size);
  config.context_length = reader.IntOr("n_positions", 1, kSizeMax, 1024);
  config.layers.assign(static_cast<size_t>(config.layer_count), {});
  config.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  ReadHfLayerNorm(reader, "layer_norm_epsilon", /*bias=*/true, config);
  ReadHfActivation(reader, "activation_function", "gelu_new", config);
  SetGpt2Shape(config);
  config.qkv_bias = config.output_bias = config.mlp_bias = true;
  config.scale_by_layer = reader.BoolOr("scale_attn_by_inverse_layer_idx", false);
  if (!reader.BoolOr("scale_attn_weights", true)) config.attention_scale = 1.0;
  reader.MustEqual("add_cross_attention", false);
  reader.Ignore({"n_ctx", "attn_pdrop", "embd_pdrop", "resid_pdrop", "reorder_and_upcast_attn",
                 "summary_type", "summary_use_proj", "summary_activation", "summary_proj_to_labels",
                 "summary_first_dropout", "task_specific_params"});
}

WeightNames Gpt2HfNames() {
  WeightNames names;
  names.embedding = "transformer.wte";
  names.positions = "transformer.wpe";
  names.final_norm = "transformer.ln_f";
  names.head = "lm_head";
  names.attention_norm = "transformer.h.{}.ln_1";
  names.qkv = "transformer.h.{}.attn.c_attn";
  names.qkv_layout = QkvLayout::kBlocks;
  names.o = "transformer.h.{}.attn.c_proj";
  names.ffn_norm = "transformer.h.{}.ln_2";
  names.up = "transformer.h.{}.mlp.c_fc";
  names.down = "transformer.h.{}.mlp.c_proj";
  names.transposed = true;
  names.optional_prefix = "transformer.";
  return names;
}

void ReadGptNeox(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  ReadHfRope(reader, config, reader.DoubleOr("rotary_pct", 0.0, 1.0, 0.25));
  config.rope.theta = reader.DoubleOr("rotary_emb_base", 1e-3, 1e12, config.rope.theta);
  ReadHfLayerNorm(reader, "layer_norm_eps", /*bias=*/true, config);
  ReadHfActivation(reader, "hidden_act", "gelu", config);
  config.parallel = reader.BoolOr("use_parallel_residual", true);
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", true);
  config.mlp_bias = true;
  config.gated = false;
  reader.Ignore({"classifier_dropout", "hidden_dropout"});
}

WeightNames GptNeoxHfNames() {
  WeightNames names;
  names.embedding = "gpt_neox.embed_in";
  names.final_norm = "gpt_neox.final_layer_norm";
  names.head = "embed_out";
  names.attention_norm = "gpt_neox.layers.{}.input_layernorm";
  names.qkv = "gpt_neox.layers.{}.attention.query_key_value";
  names.qkv_layout = QkvLayout::kGroups;
  names.o = "gpt_neox.layers.{}.attention.dense";
  names.ffn_norm = "gpt_neox.layers.{}.post_attention_layernorm";
  names.up = "gpt_neox.layers.{}.mlp.dense_h_to_4h";
  names.down = "gpt_neox.layers.{}.mlp.dense_4h_to_h";
  names.optional_prefix = "gpt_neox.";
  return names;
}

void WriteGpt2(const ModelConfig& config, json::Value& out) {
  out.Set("vocab_size", config.vocab_size);
  out.Set("n_embd", config.hidden_size);
  out.Set("n_layer", config.layer_count);
  out.Set("n_head", config.head_count);
  out.Set("n_inner", config.ffn_size);
  out.Set("n_positions", config.context_length);
  out.Set("tie_word_embeddings", config.tied_embeddings);
  WriteHfEpsilon(config, "layer_norm_epsilon", out);
  WriteHfActivation(config, "activation_function", out);
}

void WriteGptNeox(const ModelConfig& config, json::Value& out) {
  WriteHfSizes(config, out);
  WriteHfRope(config, out);
  out.Set("rotary_pct",
          (static_cast<double>(config.rope.dim) + 1e-6) / static_cast<double>(config.head_dim));
  WriteHfEpsilon(config, "layer_norm_eps", out);
  WriteHfActivation(config, "hidden_act", out);
  out.Set("use_parallel_residual", config.parallel);
  out.Set("attention_bias", config.qkv_bias);
}

void WriteGgufGptNeox(const ModelConfig& config, GgufFields& out) {
  WriteGgufFields(config, out);
  out.Bool("use_parallel_residual", config.parallel);
}

void ReadGgufGpt2(ConfigReader& reader, ModelConfig& config) {
  ReadGgufSizes(reader, config);
  ReadGgufLayerNorm(reader, config);
  config.activation = ops::Activation::kGeluTanh;
  SetGpt2Shape(config);
}

void ReadGgufGptNeox(ConfigReader& reader, ModelConfig& config) {
  config.parallel = reader.BoolOr("use_parallel_residual", true);
  ReadGgufSizes(reader, config);
  ReadGgufRope(reader, config);
  ReadGgufLayerNorm(reader, config);
  config.activation = ops::Activation::kGelu;
  config.gated = false;
}

}  // namespace

extern const Family kGpt2, kGptNeox;
// In GGUF the converter has transposed and ungrouped.
const Family kGpt2 = {"gpt2",         "gpt2",    ReadGpt2,          ReadGgufGpt2,   Gpt2HfNames,
                      FusedGgufNames, WriteGpt2, "GPT2LMHeadModel", WriteGgufFields};
const Family kGptNeox = {"gpt_neox",      "gptneox",      ReadGptNeox,  ReadGgufGptNeox,
                         GptNeoxHfNames,  FusedGgufNames, WriteGptNeox, "GPTNeoXForCausalLM",
                         WriteGgufGptNeox};

}  // namespace pano::nn
