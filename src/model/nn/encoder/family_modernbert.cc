// ModernBERT (Warner et al., "Smarter, better, faster, longer", 2024): pre-norm, GeGLU, rotary,
// most layers with a window and angles of their own.
#include "base/strings.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/hf_fields.h"

namespace pano::encoder {
namespace {

nn::WeightNames Names() {
  nn::WeightNames names;
  names.embedding = "model.embeddings.tok_embeddings";
  names.embedding_norm = "model.embeddings.norm";
  names.final_norm = "model.final_norm";
  names.attention_norm = "model.layers.{}.attn_norm";
  names.qkv = "model.layers.{}.attn.Wqkv";
  names.qkv_layout = nn::QkvLayout::kBlocks;
  names.o = "model.layers.{}.attn.Wo";
  names.ffn_norm = "model.layers.{}.mlp_norm";
  names.gate_up = "model.layers.{}.mlp.Wi";
  names.down = "model.layers.{}.mlp.Wo";
  return names;
}

// Which layers see everything: every n-th from the first on, or as layer_types says.
void ReadLayers(nn::ConfigReader& reader, nn::ModelConfig& model) {
  const int64_t every = reader.IntOr("global_attn_every_n_layers", 1, nn::kLayersMax, 3);
  const int64_t window = reader.IntOr("local_attention", 2, nn::kContextMax, 128);
  const json::Value types = reader.Raw("layer_types");
  if (!types.is_null() && (!types.is_array() || types.as_array().size() != model.layers.size())) {
    reader.Fail(Corruption(
        StrCat(reader.Field("layer_types"), " is no list of ", model.layer_count, " names")));
    return;
  }
  for (size_t i = 0; i < model.layers.size(); ++i) {
    bool local = static_cast<int64_t>(i) % every != 0;
    if (types.is_array()) {
      const json::Value& type = types.as_array()[i];
      local = type == json::Value("sliding_attention");
      if (!local && !(type == json::Value("full_attention"))) {
        reader.Fail(Unimplemented(StrCat(reader.Field("layer_types"), "[", i, "] = ",
                                         Printable(json::Dump(type)), " is not supported")));
      }
    }
    if (local) model.layers[i] = {.window = window, .rope = nn::LayerConfig::Rope::kLocal};
  }
}

void ReadRope(nn::ConfigReader& reader, nn::ModelConfig& model) {
  model.rope.theta = 160000.0;
  nn::ReadHfRope(reader, model);
  if (!reader.Raw("rope_parameters").is_null()) return;
  model.rope.theta = reader.DoubleOr("global_rope_theta", 1e-3, 1e12, model.rope.theta);
  const double local = reader.Raw("local_rope_theta").is_null() ? 10000.0 : 0.0;
  model.local_rope = model.rope;
  model.local_rope.theta = reader.DoubleOr("local_rope_theta", 1e-3, 1e12, local);
}

void ReadHf(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config) {
  config.text.emplace();
  config.text->names = Names();
  config.optional_prefix = "model.";
  nn::ModelConfig& model = config.text->model;
  nn::ReadHfSizes(reader, model);
  ReadRope(reader, model);
  ReadLayers(reader, model);
  nn::ReadHfActivation(reader, "hidden_activation", "gelu", model);
  model.causal = false;
  model.norm = nn::NormKind::kLayer;
  model.norm_epsilon = static_cast<float>(reader.DoubleOr("norm_eps", 0.0, 1.0, 1e-5));
  model.norm_bias = reader.BoolOr("norm_bias", false);
  model.embedding_norm = true;
  model.first_norm = false;
  model.qkv_bias = model.output_bias = reader.BoolOr("attention_bias", false);
  model.mlp_bias = reader.BoolOr("mlp_bias", false);
  model.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  config.max_length = model.context_length;

  const std::string pooling = reader.StringOr("classifier_pooling", "cls");
  const bool head_bias = reader.BoolOr("classifier_bias", false);
  const kernels::Activation activation = ReadActivation(reader, "classifier_activation", "gelu");
  const bool decoder_bias = reader.BoolOr("decoder_bias", true);
  reader.Ignore({"embedding_dropout", "mlp_dropout", "sparse_prediction",
                 "sparse_pred_ignore_index", "reference_compile", "repad_logits_with_grad",
                 "deterministic_flash_attn", "initializer_cutoff_factor", "layer_norm_eps",
                 "sliding_window"});
  if (pooling != "cls" && pooling != "mean") {
    reader.Fail(Unimplemented(StrCat(reader.Field("classifier_pooling"), " '", Printable(pooling),
                                     "' is not supported")));
  }
  const Pooling pooled = pooling == "cls" ? Pooling::kFirst : Pooling::kMean;
  std::vector<Stage> stages = {Stage::Dense("head.dense", model.hidden_size, head_bias),
                               Stage::Activate(activation), Stage::Norm("head.norm")};
  if (purpose == "Model") {
    config.heads = {HiddenState(TowerKind::kText)};
  } else if (purpose == "SequenceClassification" || purpose == "TokenClassification") {
    const bool whole = purpose == "SequenceClassification";
    config.task = whole ? Task::kSequenceClassification : Task::kTokenClassification;
    ReadLabels(reader, config);
    stages.push_back(Stage::Dense("classifier", LabelCount(config), true));
    config.heads = {Logits(whole ? pooled : Pooling::kNone, std::move(stages))};
  } else if (purpose == "MaskedLM") {
    config.task = Task::kMaskedLm;
    if (model.tied_embeddings) {
      config.ignorable.emplace_back("decoder.weight");
      stages.push_back(Stage::Embedding(model.vocab_size, decoder_bias ? "decoder.bias" : ""));
    } else {
      stages.push_back(Stage::Dense("decoder", model.vocab_size, decoder_bias));
    }
    config.heads = {Logits(Pooling::kNone, std::move(stages))};
  } else {
    RefusePurpose(reader, purpose);
  }
}

}  // namespace

extern const EncoderFamily kModernbert;
const EncoderFamily kModernbert = {"modernbert", "", ReadHf, nullptr};

}  // namespace pano::encoder
