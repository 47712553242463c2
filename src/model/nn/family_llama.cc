// Llama 1 to 3 and what shares its layout (Touvron et al., 2023).
#include "base/strings.h"
#include "model/nn/family.h"

namespace pano::nn {
namespace {

void ReadHf(ConfigReader& reader, ModelConfig& config) {
  config.vocab_size = reader.Int("vocab_size", 1, kSizeMax);
  config.hidden_size = reader.Int("hidden_size", 1, kSizeMax);
  config.ffn_size = reader.Int("intermediate_size", 1, kSizeMax);
  config.layer_count = reader.Int("num_hidden_layers", 1, kLayersMax);
  config.head_count = reader.Int("num_attention_heads", 1, kHeadsMax);
  config.kv_head_count = reader.IntOr("num_key_value_heads", 1, kHeadsMax, config.head_count);
  config.head_dim =
      reader.IntOr("head_dim", 1, kHeadDimMax, config.hidden_size / config.head_count);
  config.context_length = reader.IntOr("max_position_embeddings", 1, kContextMax, 2048);
  config.norm_epsilon = static_cast<float>(reader.DoubleOr("rms_norm_eps", 0.0, 1.0, 1e-6));
  config.tied_embeddings = reader.BoolOr("tie_word_embeddings", false);
  config.attention_bias = reader.BoolOr("attention_bias", false);
  config.mlp_bias = reader.BoolOr("mlp_bias", false);
  config.rope.dim = config.head_dim;
  ReadHfRope(reader, config);
  reader.MustEqual("hidden_act", "silu");
  reader.MustEqual("partial_rotary_factor", 1.0);
  reader.MustEqual("sliding_window", json::Value());
  reader.Ignore({"pretraining_tp", "rope_interleaved"});
}

void ReadGguf(ConfigReader& reader, ModelConfig& config) {
  config.vocab_size = reader.IntOr("vocab_size", 1, kSizeMax, 0);
  config.hidden_size = reader.Int("embedding_length", 1, kSizeMax);
  config.ffn_size = reader.Int("feed_forward_length", 1, kSizeMax);
  config.layer_count = reader.Int("block_count", 1, kLayersMax);
  config.head_count = reader.Int("attention.head_count", 1, kHeadsMax);
  config.kv_head_count =
      reader.IntOr("attention.head_count_kv", 1, kHeadsMax, config.head_count);
  config.head_dim = reader.IntOr("attention.key_length", 1, kHeadDimMax,
                                 config.hidden_size / config.head_count);
  reader.MustEqual("attention.value_length", config.head_dim);
  config.context_length = reader.IntOr("context_length", 1, kContextMax, 2048);
  config.norm_epsilon = static_cast<float>(
      reader.Double("attention.layer_norm_rms_epsilon", 0.0, 1.0));
  config.rope.theta = reader.DoubleOr("rope.freq_base", 1e-3, 1e12, 10000.0);
  config.rope.dim = reader.IntOr("rope.dimension_count", 1, kHeadDimMax, config.head_dim);
  config.rope.interleaved = true;    // the converter permutes the rows of q and k for it
  std::string scaling = reader.StringOr("rope.scaling.type", "none");
  double linear = reader.DoubleOr("rope.scale_linear", 1e-6, 1e6, 1.0);
  double factor = reader.DoubleOr("rope.scaling.factor", 0.0, 1e6, linear);
  if (scaling == "linear" || (scaling == "none" && linear != 1.0)) {
    config.rope.scaling = RopeConfig::Scaling::kLinear;
    config.rope.factor = factor > 0 ? factor : 1.0;
  } else if (scaling != "none") {
    reader.Fail(Unimplemented(StrCat(reader.Field("rope.scaling.type"), " '", Printable(scaling),
                                     "' is not supported")));
  }
  reader.MustEqual("expert_count", 0);
  reader.Ignore({"expert_used_count", "attention.causal", "rope.scaling.original_context_length",
                 "rope.scaling.finetuned"});
}

}  // namespace

const Family kLlama = {
    "llama",
    "llama",
    ReadHf,
    ReadGguf,
    {
        "model.embed_tokens",
        "model.norm",
        "lm_head",
        "model.layers.{}.input_layernorm",
        "model.layers.{}.self_attn.q_proj",
        "model.layers.{}.self_attn.k_proj",
        "model.layers.{}.self_attn.v_proj",
        "model.layers.{}.self_attn.o_proj",
        "model.layers.{}.post_attention_layernorm",
        "model.layers.{}.mlp.gate_proj",
        "model.layers.{}.mlp.up_proj",
        "model.layers.{}.mlp.down_proj",
        nullptr,
    },
    {
        "token_embd",
        "output_norm",
        "output",
        "blk.{}.attn_norm",
        "blk.{}.attn_q",
        "blk.{}.attn_k",
        "blk.{}.attn_v",
        "blk.{}.attn_output",
        "blk.{}.ffn_norm",
        "blk.{}.ffn_gate",
        "blk.{}.ffn_up",
        "blk.{}.ffn_down",
        "rope_freqs",
    },
};

}  // namespace pano::nn
