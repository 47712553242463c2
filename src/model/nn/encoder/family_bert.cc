// BERT (Devlin et al., 2018), RoBERTa (Liu et al., 2019) with XLM-RoBERTa (Conneau et al., 2019),
// and DistilBERT (Sanh et al., 2019).
#include <algorithm>

#include "base/strings.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/encoder/gguf_encoder.h"
#include "model/nn/families/hf_fields.h"

namespace pano::encoder {
namespace {

void SetShape(nn::ModelConfig& model) {
  SetBertShape(model);
  model.gated = false;
  model.qkv_bias = model.output_bias = model.mlp_bias = true;
  model.learned_positions = model.context_length;
}

nn::WeightNames BertNames() {
  nn::WeightNames names;
  names.embedding = "embeddings.word_embeddings";
  names.positions = "embeddings.position_embeddings";
  names.token_types = "embeddings.token_type_embeddings";
  names.embedding_norm = "embeddings.LayerNorm";
  names.q = "encoder.layer.{}.attention.self.query";
  names.k = "encoder.layer.{}.attention.self.key";
  names.v = "encoder.layer.{}.attention.self.value";
  names.o = "encoder.layer.{}.attention.output.dense";
  names.attention_post_norm = "encoder.layer.{}.attention.output.LayerNorm";
  names.up = "encoder.layer.{}.intermediate.dense";
  names.down = "encoder.layer.{}.output.dense";
  names.ffn_post_norm = "encoder.layer.{}.output.LayerNorm";
  return names;
}

nn::ModelConfig& ReadSizes(nn::ConfigReader& reader, nn::WeightNames names, EncoderConfig& config) {
  config.text.emplace();
  config.text->names = names;
  nn::ModelConfig& model = config.text->model;
  nn::ReadHfSizes(reader, model);
  SetShape(model);
  nn::ReadHfActivation(reader, "hidden_act", "gelu", model);
  model.norm_epsilon = static_cast<float>(reader.DoubleOr("layer_norm_eps", 0.0, 1.0, 1e-12));
  model.token_types = reader.IntOr("type_vocab_size", 0, 1 << 20, 2);
  model.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  reader.Ignore({"pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
                 "pooler_size_per_head", "pooler_type", "directionality"});
  config.max_length = model.context_length;
  return model;
}

// The masked-LM matrix under `name`: the embeddings, or its own; its bias under `bias`.
Stage LmHead(const nn::ModelConfig& model, const std::string& name, const std::string& bias,
             EncoderConfig& config) {
  const std::string own = name + ".bias";
  if (model.tied_embeddings) {
    config.ignorable.push_back(name + ".");
    return Stage::Embedding(model.vocab_size, StrCat(bias, "|", own));
  }
  Stage stage = Stage::Dense(name, model.vocab_size, false);
  stage.bias_name = StrCat(own, "|", bias);
  config.ignorable.push_back(bias);
  return stage;
}

void ReadBert(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config) {
  const nn::ModelConfig& model = ReadSizes(reader, BertNames(), config);
  const int64_t hidden = model.hidden_size;
  const std::vector<Stage> pooler = {Stage::Dense("bert.pooler.dense", hidden, true),
                                     Stage::Tanh()};
  config.optional_prefix = "bert.";
  config.ignorable = {"cls.seq_relationship."};
  if (purpose == "Model") {
    config.heads = {HiddenState(TowerKind::kText),
                    {.output = "pooler_output",
                     .pooling = Pooling::kFirst,
                     .stages = pooler,
                     .optional = true}};
  } else if (purpose == "SequenceClassification") {
    config.task = Task::kSequenceClassification;
    ReadLabels(reader, config);
    config.heads = {Logits(Pooling::kFirst, pooler)};
    config.heads[0].stages.push_back(Stage::Dense("classifier", LabelCount(config), true));
  } else if (purpose == "TokenClassification") {
    config.task = Task::kTokenClassification;
    ReadLabels(reader, config);
    config.ignorable.push_back("bert.pooler.");
    config.heads = {Logits(Pooling::kNone, {Stage::Dense("classifier", LabelCount(config), true)})};
  } else if (purpose == "MaskedLM") {
    config.task = Task::kMaskedLm;
    config.ignorable.push_back("bert.pooler.");
    config.heads = {Logits(
        Pooling::kNone,
        {Stage::Dense("cls.predictions.transform.dense", hidden, true),
         Stage::Activate(model.activation), Stage::Norm("cls.predictions.transform.LayerNorm"),
         LmHead(model, "cls.predictions.decoder", "cls.predictions.bias", config)})};
  } else {
    RefusePurpose(reader, purpose);
  }
}

void ReadRoberta(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config) {
  const nn::ModelConfig& model = ReadSizes(reader, BertNames(), config);
  const int64_t hidden = model.hidden_size;
  const auto pad = static_cast<nn::TokenId>(reader.IntOr("pad_token_id", 0, 1 << 20, 1));
  config.position_pad = pad;
  config.max_length = model.learned_positions - pad - 1;
  config.optional_prefix = "roberta.";
  if (purpose == "Model") {
    config.heads = {HiddenState(TowerKind::kText),
                    {.output = "pooler_output",
                     .pooling = Pooling::kFirst,
                     .stages = {Stage::Dense("roberta.pooler.dense", hidden, true), Stage::Tanh()},
                     .optional = true}};
    return;
  }
  config.ignorable.push_back("roberta.pooler.");
  if (purpose == "SequenceClassification") {
    config.task = Task::kSequenceClassification;
    ReadLabels(reader, config);
    config.heads = {
        Logits(Pooling::kFirst, {Stage::Dense("classifier.dense", hidden, true), Stage::Tanh(),
                                 Stage::Dense("classifier.out_proj", LabelCount(config), true)})};
  } else if (purpose == "TokenClassification") {
    config.task = Task::kTokenClassification;
    ReadLabels(reader, config);
    config.heads = {Logits(Pooling::kNone, {Stage::Dense("classifier", LabelCount(config), true)})};
  } else if (purpose == "MaskedLM") {
    config.task = Task::kMaskedLm;
    config.heads = {
        Logits(Pooling::kNone,
               {Stage::Dense("lm_head.dense", hidden, true),
                Stage::Activate(ops::Activation::kGelu), Stage::Norm("lm_head.layer_norm"),
                LmHead(model, "lm_head.decoder", "lm_head.bias", config)})};
  } else {
    RefusePurpose(reader, purpose);
  }
}

nn::WeightNames DistilbertNames() {
  nn::WeightNames names;
  names.embedding = "embeddings.word_embeddings";
  names.positions = "embeddings.position_embeddings";
  names.embedding_norm = "embeddings.LayerNorm";
  names.q = "transformer.layer.{}.attention.q_lin";
  names.k = "transformer.layer.{}.attention.k_lin";
  names.v = "transformer.layer.{}.attention.v_lin";
  names.o = "transformer.layer.{}.attention.out_lin";
  names.attention_post_norm = "transformer.layer.{}.sa_layer_norm";
  names.up = "transformer.layer.{}.ffn.lin1";
  names.down = "transformer.layer.{}.ffn.lin2";
  names.ffn_post_norm = "transformer.layer.{}.output_layer_norm";
  return names;
}

void ReadDistilbert(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config) {
  config.text.emplace();
  config.text->names = DistilbertNames();
  nn::ModelConfig& model = config.text->model;
  model.vocab_size = reader.Int("vocab_size", 1, nn::kSizeMax);
  model.hidden_size = reader.Int("dim", 1, nn::kSizeMax);
  model.ffn_size = reader.Int("hidden_dim", 1, nn::kSizeMax);
  model.layer_count = reader.Int("n_layers", 1, nn::kLayersMax);
  model.head_count = model.kv_head_count = reader.Int("n_heads", 1, nn::kHeadsMax);
  model.head_dim = std::max<int64_t>(1, model.hidden_size / model.head_count);
  model.context_length = reader.IntOr("max_position_embeddings", 1, nn::kSizeMax, 512);
  model.layers.assign(static_cast<size_t>(model.layer_count), {});
  model.norm_epsilon = 1e-12f;
  SetShape(model);
  nn::ReadHfActivation(reader, "activation", "gelu", model);
  model.tied_embeddings = reader.BoolOr("tie_word_embeddings", true);
  // Sinusoids stand in the file like learned positions; the rest is about training.
  reader.Ignore({"sinusoidal_pos_embds", "qa_dropout", "seq_classif_dropout"});
  config.max_length = model.context_length;
  config.optional_prefix = "distilbert.";
  const int64_t hidden = model.hidden_size;
  if (purpose == "Model") {
    config.heads = {HiddenState(TowerKind::kText)};
  } else if (purpose == "SequenceClassification") {
    config.task = Task::kSequenceClassification;
    ReadLabels(reader, config);
    config.heads = {Logits(
        Pooling::kFirst,
        {Stage::Dense("pre_classifier", hidden, true), Stage::Activate(ops::Activation::kRelu),
         Stage::Dense("classifier", LabelCount(config), true)})};
  } else if (purpose == "TokenClassification") {
    config.task = Task::kTokenClassification;
    ReadLabels(reader, config);
    config.heads = {Logits(Pooling::kNone, {Stage::Dense("classifier", LabelCount(config), true)})};
  } else if (purpose == "MaskedLM") {
    config.task = Task::kMaskedLm;
    config.heads = {
        Logits(Pooling::kNone, {Stage::Dense("vocab_transform", hidden, true),
                                Stage::Activate(model.activation), Stage::Norm("vocab_layer_norm"),
                                LmHead(model, "vocab_projector", "vocab_projector.bias", config)})};
  } else {
    RefusePurpose(reader, purpose);
  }
}

void ReadGgufBert(nn::ConfigReader& reader, EncoderConfig& config) {
  ReadGgufEncoder(reader, config);
  SetShape(config.text->model);
  config.text->model.activation = ops::Activation::kGelu;
}

}  // namespace

extern const EncoderFamily kBert, kRoberta, kXlmRoberta, kDistilbert;
const EncoderFamily kBert = {"bert", "bert", ReadBert, ReadGgufBert};
const EncoderFamily kRoberta = {"roberta", "", ReadRoberta, nullptr};
const EncoderFamily kXlmRoberta = {"xlm-roberta", "", ReadRoberta, nullptr};
const EncoderFamily kDistilbert = {"distilbert", "", ReadDistilbert, nullptr};

}  // namespace pano::encoder
