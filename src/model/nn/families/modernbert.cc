// ModernBERT as a decoder (Weller et al., "Seq vs Seq", 2025): GeGLU, windows with angles of their
// own on most layers, a transform in front of the tied head.
#include "model/nn/families/modernbert.h"

#include "model/nn/families/hf_fields.h"

namespace pano::nn {
namespace {

void ReadRope(ConfigReader& reader, ModelConfig& config) {
  config.rope.theta = 160000.0;
  ReadHfRope(reader, config);
  if (reader.Raw("rope_parameters").is_object()) return;
  config.rope.theta = reader.DoubleOr("global_rope_theta", 1e-3, 1e12, config.rope.theta);
  config.local_rope = config.rope;
  config.local_rope.theta = reader.DoubleOr("local_rope_theta", 1e-3, 1e12, 10000.0);
}

void ReadHf(ConfigReader& reader, ModelConfig& config) {
  config.context_length = 8192;
  ReadModernbertLayers(reader, config);
  config.head_bias = reader.BoolOr("decoder_bias", true);
  ModelConfig head;
  ReadHfActivation(reader, "classifier_activation", "gelu", head);
  config.head_transform = head.activation;
  config.head_transform_bias = reader.BoolOr("classifier_bias", false);
  reader.Ignore({"classifier_pooling", "classifier_dropout", "cls_token_id", "sep_token_id"});
}

WeightNames HfNames() {
  WeightNames names = LlamaHfNames();
  names.embedding = "model.embeddings.tok_embeddings";
  names.embedding_norm = "model.embeddings.norm";
  names.final_norm = "model.final_norm";
  names.head = "decoder";
  names.head_dense = "lm_head.dense";
  names.head_norm = "lm_head.norm";
  names.attention_norm = "model.layers.{}.attn_norm";
  names.q = "model.layers.{}.attn.q_proj";
  names.k = "model.layers.{}.attn.k_proj";
  names.v = "model.layers.{}.attn.v_proj";
  names.o = "model.layers.{}.attn.Wo";
  names.ffn_norm = "model.layers.{}.mlp_norm";
  names.gate_up = "model.layers.{}.mlp.Wi";
  names.down = "model.layers.{}.mlp.Wo";
  return names;
}

}  // namespace

void ReadModernbertLayers(ConfigReader& reader, ModelConfig& config) {
  ReadHfSizes(reader, config);
  config.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  ReadRope(reader, config);
  ReadHfLayerNorm(reader, "norm_eps", reader.BoolOr("norm_bias", false), config);
  ReadHfActivation(reader, "hidden_activation", "gelu", config);
  config.embedding_norm = true;
  config.first_norm = false;
  config.qkv_bias = config.output_bias = reader.BoolOr("attention_bias", false);
  config.mlp_bias = reader.BoolOr("mlp_bias", false);
  const int64_t window = reader.IntOr("local_attention", 2, kContextMax, 128);
  const int64_t every = reader.IntOr("global_attn_every_n_layers", 1, kLayersMax, 3);
  const std::vector<bool> local =
      ReadHfSlidingLayers(reader, {SlidingLayers::Kind::kAllButFirstOfEvery, every}, config);
  for (size_t i = 0; i < local.size(); ++i) {
    if (!local[i]) continue;
    config.layers[i].window = config.causal ? window / 2 : window;
    config.layers[i].rope = LayerConfig::Rope::kLocal;
  }
  reader.Ignore(
      {"embedding_dropout", "mlp_dropout", "initializer_cutoff_factor", "sliding_window"});
}

extern const Family kModernbertDecoder;
const Family kModernbertDecoder = {"modernbert-decoder", "", ReadHf, nullptr, HfNames, nullptr};

}  // namespace pano::nn
