// T5 (Raffel et al., "Exploring the limits of transfer learning", 2020), with the gated layers of
// its 1.1.
#include <cmath>

#include "base/strings.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/families/hf_fields.h"

namespace pano::encoder {
namespace {

// Nothing in the weights bounds the length; this bounds what one row may cost.
constexpr int64_t kLengthMax = 1 << 15;

nn::WeightNames EncoderNames() {
  nn::WeightNames names;
  names.embedding = "shared";
  names.final_norm = "encoder.final_layer_norm";
  names.relative_bias = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias";
  names.attention_norm = "encoder.block.{}.layer.0.layer_norm";
  names.q = "encoder.block.{}.layer.0.SelfAttention.q";
  names.k = "encoder.block.{}.layer.0.SelfAttention.k";
  names.v = "encoder.block.{}.layer.0.SelfAttention.v";
  names.o = "encoder.block.{}.layer.0.SelfAttention.o";
  names.ffn_norm = "encoder.block.{}.layer.1.layer_norm";
  names.gate = "encoder.block.{}.layer.1.DenseReluDense.wi_0";
  names.up =
      "encoder.block.{}.layer.1.DenseReluDense.wi_1|encoder.block.{}.layer.1.DenseReluDense.wi";
  names.down = "encoder.block.{}.layer.1.DenseReluDense.wo";
  return names;
}

nn::WeightNames DecoderNames() {
  nn::WeightNames names;
  names.embedding = "shared";
  names.final_norm = "decoder.final_layer_norm";
  names.relative_bias = "decoder.block.0.layer.0.SelfAttention.relative_attention_bias";
  names.attention_norm = "decoder.block.{}.layer.0.layer_norm";
  names.q = "decoder.block.{}.layer.0.SelfAttention.q";
  names.k = "decoder.block.{}.layer.0.SelfAttention.k";
  names.v = "decoder.block.{}.layer.0.SelfAttention.v";
  names.o = "decoder.block.{}.layer.0.SelfAttention.o";
  names.cross_norm = "decoder.block.{}.layer.1.layer_norm";
  names.cross_q = "decoder.block.{}.layer.1.EncDecAttention.q";
  names.cross_k = "decoder.block.{}.layer.1.EncDecAttention.k";
  names.cross_v = "decoder.block.{}.layer.1.EncDecAttention.v";
  names.cross_o = "decoder.block.{}.layer.1.EncDecAttention.o";
  names.ffn_norm = "decoder.block.{}.layer.2.layer_norm";
  names.gate = "decoder.block.{}.layer.2.DenseReluDense.wi_0";
  names.up =
      "decoder.block.{}.layer.2.DenseReluDense.wi_1|decoder.block.{}.layer.2.DenseReluDense.wi";
  names.down = "decoder.block.{}.layer.2.DenseReluDense.wo";
  return names;
}

// "relu", or "gated-gelu" and the like; gated GELU means the one by tanh.
void ReadFeedForward(nn::ConfigReader& reader, nn::ModelConfig& model) {
  std::string name = reader.StringOr("feed_forward_proj", "relu");
  model.gated = name.starts_with("gated-");
  if (model.gated) name = name.substr(6);
  const bool by_tanh = model.gated && name == "gelu";
  const json::Value object{json::Object{{"feed_forward_proj", by_tanh ? "gelu_new" : name}}};
  nn::ConfigReader plain(object, "config.json");
  nn::ReadHfActivation(plain, "feed_forward_proj", "relu", model);
  if (!plain.status().ok()) reader.Fail(plain.status());
  reader.Ignore({"dense_act_fn", "is_gated_act"});  // said above already
}

void ReadSizes(nn::ConfigReader& reader, nn::ModelConfig& model) {
  model.vocab_size = reader.Int("vocab_size", 1, nn::kSizeMax);
  model.hidden_size = reader.Int("d_model", 1, nn::kSizeMax);
  model.head_dim = reader.IntOr("d_kv", 1, nn::kHeadDimMax, 64);
  model.ffn_size = reader.Int("d_ff", 1, nn::kSizeMax);
  model.layer_count = reader.Int("num_layers", 1, nn::kLayersMax);
  model.head_count = model.kv_head_count = reader.Int("num_heads", 1, nn::kHeadsMax);
  model.relative_buckets = reader.IntOr("relative_attention_num_buckets", 4, 1 << 16, 32);
  model.relative_distance =
      reader.IntOr("relative_attention_max_distance", 2, nn::kContextMax, 128);
  model.norm = nn::NormKind::kRms;
  model.norm_epsilon = static_cast<float>(reader.DoubleOr("layer_norm_epsilon", 0.0, 1.0, 1e-6));
  model.attention_scale = 1.0;
  model.context_length = kLengthMax;
  ReadFeedForward(reader, model);
  reader.Ignore({"dropout_rate", "n_positions", "output_past", "task_specific_params",
                 "decoder_start_token_id"});
  if (model.relative_buckets % 4 != 0 || model.relative_distance <= model.relative_buckets / 2) {
    reader.Fail(Unimplemented(StrCat(reader.Field("relative_attention_num_buckets"), ": ",
                                     model.relative_buckets, " buckets up to a distance of ",
                                     model.relative_distance, " are not supported")));
  }
}

void ReadHf(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config) {
  config.text.emplace();
  config.text->names = EncoderNames();
  nn::ModelConfig& model = config.text->model;
  ReadSizes(reader, model);
  config.max_length = kLengthMax;
  const int64_t decoder_layers =
      reader.IntOr("num_decoder_layers", 1, nn::kLayersMax, model.layer_count);
  nn::ModelConfig decoder = model;
  model.causal = false;
  model.layers.assign(static_cast<size_t>(model.layer_count), {});
  // Copies of the shared embedding, and a bias that the first releases carried along.
  config.ignorable = {"encoder.embed_tokens.", "decoder.embed_tokens.",
                      "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias."};
  if (purpose == "EncoderModel") {
    config.heads = {HiddenState(TowerKind::kText)};
    reader.Ignore({"scale_decoder_outputs"});
    return;
  }
  if (purpose != "ConditionalGeneration") return RefusePurpose(reader, purpose);

  config.task = Task::kSequenceToSequence;
  decoder.layer_count = decoder_layers;
  decoder.layers.assign(static_cast<size_t>(decoder_layers), {});
  decoder.cross_attention = true;
  decoder.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  const bool scaled = reader.BoolOr("scale_decoder_outputs", decoder.tied_embeddings);
  HeadConfig head = Logits(Pooling::kNone, {});
  head.tower = TowerKind::kDecoder;
  if (scaled) {
    const double root = std::sqrt(static_cast<double>(decoder.hidden_size));
    head.stages.push_back(Stage::Scale(static_cast<float>(1.0 / root)));
  }
  if (decoder.tied_embeddings) {
    config.ignorable.emplace_back("lm_head.");
    head.stages.push_back(Stage::Embedding(decoder.vocab_size, ""));
  } else {
    // transformers 5 writes T5 v1.1 without this matrix: the embedding serves, unscaled.
    Stage matrix = Stage::Dense("lm_head", decoder.vocab_size, false);
    matrix.or_embedding = true;
    head.stages.push_back(std::move(matrix));
  }
  config.heads = {std::move(head)};
  config.decoder = TowerConfig{std::move(decoder), DecoderNames()};
}

}  // namespace

extern const EncoderFamily kT5;
const EncoderFamily kT5 = {"t5", "", ReadHf, nullptr, "ConditionalGeneration"};

}  // namespace pano::encoder
