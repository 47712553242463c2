#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "model/format/fwd.h"
#include "model/nn/encoder/encoder_config.h"
#include "model/nn/families/config_reader.h"

namespace pano::encoder {

// A mapping from a family's fields and names to EncoderConfig. Adding one takes a family_*.cc and a
// row in EncoderFamilies().
struct EncoderFamily {
  std::string_view name;       // `model_type` in config.json
  std::string_view gguf_name;  // `general.architecture` in GGUF; "" = none
  // `purpose`: what `architectures` says after the family's own name: "Model", "MaskedLM" of
  // "...ForMaskedLM", ...
  void (*read_hf)(nn::ConfigReader& reader, std::string_view purpose, EncoderConfig& config);
  void (*read_gguf)(nn::ConfigReader& reader, EncoderConfig& config);
  std::string_view default_purpose = "Model";  // where `architectures` is silent
};

std::span<const EncoderFamily* const> EncoderFamilies();

// Null when no encoder family is named by the files.
const EncoderFamily* FindEncoderFamily(const format::ModelFiles& files);

// What the files describe; failures as of nn::ReadFamilyConfig.
Result<EncoderConfig> ReadEncoderConfig(const format::ModelFiles& files);

// What LoadEncoder makes of a description: the encoder over the tensors of `files`.
Result<std::unique_ptr<Encoder>> BindEncoder(EncoderConfig config, const format::ModelFiles& files,
                                             const nn::LoadOptions& options, ComputePool& pool);

// For mapping files.
// The purpose is none that the family has: a failure by name.
void RefusePurpose(nn::ConfigReader& reader, std::string_view purpose);
// What BERT and its kin are made of: layer norms after each sum and behind the embedding, none at
// the end.
void SetBertShape(nn::ModelConfig& model);
// id2label, num_labels, problem_type.
void ReadLabels(nn::ConfigReader& reader, EncoderConfig& config);
inline int64_t LabelCount(const EncoderConfig& config) {
  return static_cast<int64_t>(config.labels.size());
}
ops::Activation ReadActivation(nn::ConfigReader& reader, std::string_view key,
                                   std::string_view fallback);
// last_hidden_state of a stack.
HeadConfig HiddenState(TowerKind tower);
// A head over every row ("TokenClassification"): dense to the labels.
HeadConfig Logits(Pooling pooling, std::vector<Stage> stages);

}  // namespace pano::encoder
