#include "model/nn/encoder/encoder_family.h"

#include "base/env.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/encoder/gguf_encoder.h"
#include "model/nn/families/family.h"
#include "model/nn/families/hf_fields.h"

namespace pano::encoder {

// Each in its family_*.cc.
extern const EncoderFamily kBert, kClip, kDistilbert, kModernbert, kNomicBert, kRoberta, kT5, kVit,
    kXlmRoberta;

namespace {

using format::ModelFiles;

// "BertForMaskedLM" -> "MaskedLM", "BertModel" -> "Model", "T5EncoderModel" -> "EncoderModel".
std::string PurposeOf(std::string_view architecture) {
  if (const size_t at = architecture.find("For"); at != std::string_view::npos && at > 0) {
    return std::string(architecture.substr(at + 3));
  }
  for (std::string_view end : {"EncoderModel", "Model"}) {
    if (architecture.ends_with(end)) return std::string(end);
  }
  return std::string(architecture);
}

Status CheckTower(const std::optional<TowerConfig>& tower, const std::string& source) {
  if (!tower) return {};
  const nn::ModelConfig& c = tower->model;
  if (c.value_size() != c.head_dim || c.head_count * c.head_dim > nn::kSizeMax) {
    return Corruption(StrCat(source, ": heads of ", c.head_dim, " cannot be"));
  }
  return nn::CheckModelConfig(c, source);
}

Result<EncoderConfig> Finish(nn::ConfigReader& reader, EncoderConfig config, std::string_view name,
                             const std::string& source) {
  PANO_RETURN_IF_ERROR(reader.status());
  config.architecture = name;
  for (std::string& warning : reader.Unknown()) config.warnings.push_back(std::move(warning));
  for (const auto* tower : {&config.text, &config.image, &config.decoder}) {
    PANO_RETURN_IF_ERROR(CheckTower(*tower, source));
  }
  if (config.text && config.max_length < 1) {
    return Corruption(StrCat(source, ": there is no room for a token"));
  }
  return config;
}

Result<EncoderConfig> ReadHf(const EncoderFamily& family, const ModelFiles& files) {
  const std::string source = JoinPath(files.path, "config.json");
  nn::ConfigReader reader(files.config, source);
  nn::ReadHfCommon(reader);
  reader.Ignore({"cls_token_id", "sep_token_id", "mask_token_id", "initializer_factor", "dropout",
                 "hidden_dropout_prob", "classifier_dropout", "attention_probs_dropout_prob",
                 "gradient_checkpointing", "num_labels", "finetuning_task", "tie_word_embeddings",
                 "auto_map", "position_embedding_type"});
  reader.MustEqual("position_embedding_type", "absolute");
  reader.MustEqual("is_decoder", false);
  reader.MustEqual("add_cross_attention", false);
  std::string purpose(family.default_purpose);
  const json::Value architectures = reader.Raw("architectures");
  if (architectures.is_array() && !architectures.as_array().empty()) {
    const json::Value& first = architectures.as_array()[0];
    if (!first.is_string()) return Corruption(StrCat(source, ": architectures[0] is no string"));
    purpose = PurposeOf(first.as_string());
  }
  EncoderConfig config;
  family.read_hf(reader, purpose, config);
  return Finish(reader, std::move(config), family.name, source);
}

}  // namespace

std::span<const EncoderFamily* const> EncoderFamilies() {
  static constexpr const EncoderFamily* kFamilies[] = {
      &kBert, &kClip, &kDistilbert, &kModernbert, &kNomicBert, &kRoberta, &kT5, &kVit, &kXlmRoberta,
  };
  return kFamilies;
}

const EncoderFamily* FindEncoderFamily(const ModelFiles& files) {
  const bool gguf = files.kind == ModelFiles::Kind::kGguf;
  const json::Value* name =
      gguf ? files.metadata.Find("general.architecture") : files.config.Find("model_type");
  if (!name || !name->is_string()) return nullptr;
  for (const EncoderFamily* family : EncoderFamilies()) {
    const std::string_view known = gguf ? family->gguf_name : family->name;
    if (!known.empty() && known == name->as_string()) return family;
  }
  return nullptr;
}

Result<EncoderConfig> ReadEncoderConfig(const ModelFiles& files) {
  const bool gguf = files.kind == ModelFiles::Kind::kGguf;
  const EncoderFamily* family = FindEncoderFamily(files);
  if (!family) {
    return Unimplemented(StrCat(files.path, ": is no encoder that is supported; supported: ",
                                nn::FamilyNames(EncoderFamilies(), gguf)));
  }
  if (!gguf) return ReadHf(*family, files);
  EncoderConfig config;
  nn::ConfigReader reader(files.metadata, files.path, StrCat(family->gguf_name, "."));
  family->read_gguf(reader, config);
  PANO_RETURN_IF_ERROR(reader.status());
  PANO_RETURN_IF_ERROR(ReadFromTensors(files, config));
  return Finish(reader, std::move(config), family->name, files.path);
}

void RefusePurpose(nn::ConfigReader& reader, std::string_view purpose) {
  reader.Fail(Unimplemented(StrCat(reader.Field("architectures"), ": a model for '",
                                   Printable(purpose), "' is not supported in this family")));
}

void SetBertShape(nn::ModelConfig& model) {
  model.causal = false;
  model.norm = nn::NormKind::kLayer;
  model.norm_placement = nn::NormPlacement::kResidual;
  model.norm_bias = true;
  model.embedding_norm = true;
  model.final_norm = false;
}

void ReadLabels(nn::ConfigReader& reader, EncoderConfig& config) {
  config.problem_type = reader.StringOr("problem_type", "");
  const json::Value names = reader.Raw("id2label");
  const int64_t fallback = names.is_object() ? static_cast<int64_t>(names.as_object().size()) : 2;
  const int64_t count = reader.IntOr("num_labels", 1, 1 << 20, fallback);
  for (int64_t i = 0; i < count; ++i) {
    const json::Value* name = names.is_object() ? names.Find(StrCat(i)) : nullptr;
    if (names.is_object() && (!name || !name->is_string())) {
      reader.Fail(Corruption(
          StrCat(reader.Field("id2label"), " has no name for label ", i, " of ", count)));
      return;
    }
    config.labels.push_back(name ? name->as_string() : StrCat("LABEL_", i));
  }
}

ops::Activation ReadActivation(nn::ConfigReader& reader, std::string_view key,
                                   std::string_view fallback) {
  nn::ModelConfig config;
  nn::ReadHfActivation(reader, key, fallback, config);
  return config.activation;
}

HeadConfig HiddenState(TowerKind tower) { return {.output = "last_hidden_state", .tower = tower}; }

HeadConfig Logits(Pooling pooling, std::vector<Stage> stages) {
  return {.output = "logits", .pooling = pooling, .stages = std::move(stages)};
}

}  // namespace pano::encoder
