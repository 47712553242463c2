// ModernBERT (Warner et al., "Smarter, better, faster, longer", 2024): pre-norm, GeGLU, rotary,
// most layers with a window and angles of their own.
#include "model/nn/families/modernbert.h"

#include "base/strings.h"
#include "model/nn/encoder/encoder_family.h"

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

void ReadHf(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config) {
  config.text.emplace();
  config.text->names = Names();
  config.optional_prefix = "model.";
  nn::ModelConfig& model = config.text->model;
  model.causal = false;
  nn::ReadModernbertLayers(reader, model);
  config.max_length = model.context_length;

  const std::string pooling = reader.StringOr("classifier_pooling", "cls");
  const bool head_bias = reader.BoolOr("classifier_bias", false);
  const ops::Activation activation = ReadActivation(reader, "classifier_activation", "gelu");
  const bool decoder_bias = reader.BoolOr("decoder_bias", true);
  reader.Ignore({"sparse_prediction", "sparse_pred_ignore_index", "reference_compile",
                 "repad_logits_with_grad", "deterministic_flash_attn", "layer_norm_eps"});
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
