// Nomic BERT (Nussbaum et al., "Nomic Embed", 2024): BERT with rotary positions and SwiGLU. Hub
// files name their fields after GPT-2, newer ones after BERT.
#include <algorithm>

#include "model/nn/encoder/encoder_family.h"
#include "model/nn/encoder/gguf_encoder.h"
#include "model/nn/families/gguf_fields.h"
#include "model/nn/families/hf_fields.h"

namespace pano::encoder {
namespace {

nn::WeightNames Names() {
  nn::WeightNames names;
  names.embedding = "embeddings.word_embeddings";
  names.token_types = "embeddings.token_type_embeddings";
  names.embedding_norm = "emb_ln";
  names.qkv = "encoder.layers.{}.attn.Wqkv";
  names.qkv_layout = nn::QkvLayout::kBlocks;
  names.o = "encoder.layers.{}.attn.out_proj";
  names.attention_post_norm = "encoder.layers.{}.norm1";
  names.up = "encoder.layers.{}.mlp.fc11";
  names.gate = "encoder.layers.{}.mlp.fc12";
  names.down = "encoder.layers.{}.mlp.fc2";
  names.ffn_post_norm = "encoder.layers.{}.norm2";
  return names;
}

void ReadOldFields(nn::ConfigReader& reader, nn::ModelConfig& model) {
  model.vocab_size = reader.Int("vocab_size", 1, nn::kSizeMax);
  model.hidden_size = reader.Int("n_embd", 1, nn::kSizeMax);
  model.layer_count = reader.Int("n_layer", 1, nn::kLayersMax);
  model.head_count = model.kv_head_count = reader.Int("n_head", 1, nn::kHeadsMax);
  model.head_dim = std::max<int64_t>(1, model.hidden_size / model.head_count);
  model.ffn_size = reader.IntOr("n_inner", 1, nn::kSizeMax, 4 * model.hidden_size);
  model.context_length = reader.IntOr("n_positions", 1, nn::kContextMax, 2048);
  model.layers.assign(static_cast<size_t>(model.layer_count), {});
  model.norm_epsilon = static_cast<float>(reader.DoubleOr("layer_norm_epsilon", 0.0, 1.0, 1e-5));
  model.rope.theta = reader.DoubleOr("rotary_emb_base", 1e-3, 1e12, 10000.0);
  model.rope.dim = static_cast<int64_t>(static_cast<double>(model.head_dim) *
                                        reader.DoubleOr("rotary_emb_fraction", 0.0, 1.0, 1.0));
  model.rope.interleaved = reader.BoolOr("rotary_emb_interleaved", false);
  model.qkv_bias = model.output_bias = reader.BoolOr("qkv_proj_bias", false);
  model.mlp_bias = reader.BoolOr("mlp_fc1_bias", false);
  reader.MustEqual("mlp_fc2_bias", model.mlp_bias);
  reader.MustEqual("activation_function", "swiglu");
  for (std::string_view off : {"prenorm", "parallel_block", "use_rms_norm", "causal"}) {
    reader.MustEqual(off, false);
  }
  reader.MustEqual("num_experts", 0);
  reader.MustEqual("rotary_emb_scale_base", json::Value());
  // Lengthens the context by dynamic scaling where it is set.
  reader.MustEqual("rotary_scaling_factor", json::Value());
  reader.Ignore({"attn_pdrop", "embd_pdrop", "resid_pdrop", "fused_bias_fc", "fused_dropout_add_ln",
                 "use_flash_attn", "dense_seq_output", "last_layer_subset",
                 "pad_vocab_size_multiple", "parallel_block_tied_norm", "reorder_and_upcast_attn",
                 "scale_attn_by_inverse_layer_idx", "scale_attn_weights", "summary_activation",
                 "summary_first_dropout", "summary_proj_to_labels", "summary_type",
                 "summary_use_proj", "max_trained_positions"});
}

void ReadNewFields(nn::ConfigReader& reader, nn::ModelConfig& model) {
  nn::ReadHfSizes(reader, model);
  model.rope.theta = 1000.0;
  nn::ReadHfRope(reader, model);
  nn::ReadHfActivation(reader, "hidden_act", "silu", model);
  model.norm_epsilon = static_cast<float>(reader.DoubleOr("layer_norm_eps", 0.0, 1.0, 1e-12));
}

void ReadHf(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config) {
  config.text.emplace();
  config.text->names = Names();
  nn::ModelConfig& model = config.text->model;
  if (reader.Raw("n_embd").is_null()) {
    ReadNewFields(reader, model);
  } else {
    ReadOldFields(reader, model);
  }
  SetBertShape(model);
  model.token_types = reader.IntOr("type_vocab_size", 0, 1 << 20, 2);
  config.max_length = model.context_length;
  config.heads = {HiddenState(TowerKind::kText)};
  if (purpose != "Model") RefusePurpose(reader, purpose);
}

void ReadGguf(nn::ConfigReader& reader, EncoderConfig& config) {
  ReadGgufEncoder(reader, config);
  nn::ModelConfig& model = config.text->model;
  nn::ReadGgufRope(reader, model);
  SetBertShape(model);
  model.activation = ops::Activation::kSilu;
  config.text->names.qkv_layout = nn::QkvLayout::kBlocks;
}

}  // namespace

extern const EncoderFamily kNomicBert;
const EncoderFamily kNomicBert = {"nomic_bert", "nomic-bert", ReadHf, ReadGguf};

}  // namespace pano::encoder
