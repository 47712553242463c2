#include <cmath>
#include <map>

#include "base/strings.h"
#include "base/threads.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/encoder/sentence_folder.h"
#include "model/nn/encoder/tower_encoder.h"
#include "model/nn/weights/stored_tensors.h"
#include "model/ops/weights.h"

namespace pano::encoder {
namespace {

Result<std::unique_ptr<Tower>> BindTower(nn::WeightBinder& bind,
                                         const std::optional<TowerConfig>& config,
                                         const format::Weights& files,
                                         const nn::LoadOptions& options, ComputePool& pool) {
  if (!config) return std::unique_ptr<Tower>();
  PANO_ASSIGN_OR_RETURN(nn::DecoderWeights weights,
                        nn::BindLayers(bind, config->model, config->names));
  if (options.compute == nn::Compute::kFast) {
    PANO_RETURN_IF_ERROR(nn::PackWeights(weights, &files, pool, options.progress).status());
  }
  return std::make_unique<Tower>(config->model, std::move(weights), options.compute, pool);
}

const Tower& TowerOf(const EncoderParts& parts, TowerKind kind) {
  return kind == TowerKind::kText    ? *parts.text
         : kind == TowerKind::kImage ? *parts.image
                                     : *parts.decoder;
}

void BindHeads(nn::WeightBinder& bind, EncoderParts& parts) {
  for (HeadConfig& config : parts.config.heads) {
    for (Stage& stage : config.stages) {
      if (stage.or_embedding && !bind.Has(stage.name + ".weight")) {
        stage = Stage::Embedding(stage.size, "");
      }
    }
    if (config.optional && !bind.Has(config.stages[0].name + ".weight")) continue;
    const Tower& tower = TowerOf(parts, config.tower);
    parts.heads.push_back(BindHead(bind, config, tower.config(), tower.weights()));
  }
  if (!parts.config.logit_scale.empty()) {
    const tensor::TensorView view = bind.Reshaped(parts.config.logit_scale, {}, 1, 1);
    if (!view.data) return;
    float logarithm = 0;
    ops::DequantizeRow(view, 0, &logarithm);
    parts.logit_scale = std::exp(logarithm);
  }
}

// The head of sentence_embedding: as the folder says, else the mean.
Status AddSentenceHead(const format::ModelFiles& files, EncoderParts& parts) {
  EncoderConfig& config = parts.config;
  const bool texts = config.task == Task::kEmbedding && parts.text;
  std::optional<SentenceFolder> folder;
  if (files.kind == format::ModelFiles::Kind::kHuggingFace && texts) {
    PANO_ASSIGN_OR_RETURN(folder, ReadSentenceFolder(files.path, parts.text->config().hidden_size));
  }
  if (folder) {
    PANO_ASSIGN_OR_RETURN(Head head, BindSentenceHead(*folder, parts.text->config()));
    parts.heads.push_back(std::move(head));
    for (const format::ModelFiles& dense : folder->dense) parts.files.push_back(dense.weights);
    config.pooling = folder->pooling;
    config.advised_length = folder->advised_length;
  } else if (texts && config.pooling.empty()) {
    config.pooling = "mean";
    parts.heads.push_back({{.output = "sentence_embedding", .pooling = Pooling::kMean},
                           {},
                           parts.text->config().hidden_size});
  }
  return {};
}

EncoderInfo MakeInfo(const EncoderParts& parts) {
  const EncoderConfig& c = parts.config;
  EncoderInfo info{.architecture = c.architecture, .task = c.task};
  if (c.text) {
    info.text = {c.text->model.vocab_size, c.max_length, c.advised_length,
                 c.text->model.token_types};
  }
  if (c.image) info.image = c.patches.image;
  if (c.decoder) info.decoder = {c.decoder->model.vocab_size, c.max_length, 0, 0};
  for (const Head& head : parts.heads) {
    info.outputs.push_back({head.config.output, head.config.pooling == Pooling::kNone, head.size});
  }
  if (parts.logit_scale > 0) info.outputs.push_back({"logits_per_image", false, 0});
  info.labels = c.labels;
  info.problem_type = c.problem_type;
  info.pooling = c.pooling;
  info.warnings = c.warnings;
  return info;
}

}  // namespace

std::string_view TaskName(Task task) {
  switch (task) {
    case Task::kEmbedding:
      return "embedding";
    case Task::kSequenceClassification:
      return "sequence-classification";
    case Task::kTokenClassification:
      return "token-classification";
    case Task::kMaskedLm:
      return "masked-lm";
    case Task::kImageClassification:
      return "image-classification";
    case Task::kImageText:
      return "image-text";
    case Task::kSequenceToSequence:
      return "sequence-to-sequence";
  }
  return "";
}

const OutputInfo* EncoderInfo::FindOutput(std::string_view name) const {
  for (const OutputInfo& output : outputs) {
    if (output.name == name) return &output;
  }
  return nullptr;
}

Result<std::vector<nn::LinearTensor>> LinearTensors(const format::ModelFiles& files) {
  PANO_ASSIGN_OR_RETURN(const EncoderConfig config, ReadEncoderConfig(files));
  nn::WeightBinder bind(files, config.optional_prefix);
  std::map<std::string, int64_t> found;  // rows of cuts by name; stacks may share one
  for (const auto* tower : {&config.text, &config.image, &config.decoder}) {
    if (!*tower) continue;
    const nn::ModelConfig& model = (*tower)->model;
    PANO_RETURN_IF_ERROR(nn::BindLayers(bind, model, (*tower)->names).status());
    PANO_ASSIGN_OR_RETURN(const auto entries, nn::DescribeStack(model));
    PANO_ASSIGN_OR_RETURN(const auto stored, nn::StoreTensors(entries, model, (*tower)->names));
    for (const nn::LinearTensor& tensor :
         nn::LinearTensors(*files.weights, entries, stored, config.optional_prefix)) {
      found.emplace(tensor.name, tensor.cut_rows);
    }
  }
  std::vector<nn::LinearTensor> linear;
  for (const auto& [name, cut_rows] : found) linear.push_back({name, cut_rows});
  return linear;
}

bool IsEncoder(const format::ModelFiles& files) { return FindEncoderFamily(files) != nullptr; }

Result<std::unique_ptr<Encoder>> LoadEncoder(const format::ModelFiles& files,
                                             const nn::LoadOptions& options, ComputePool& pool) {
  PANO_ASSIGN_OR_RETURN(EncoderConfig config, ReadEncoderConfig(files));
  return BindEncoder(std::move(config), files, options, pool);
}

Result<std::unique_ptr<Encoder>> BindEncoder(EncoderConfig described,
                                             const format::ModelFiles& files,
                                             const nn::LoadOptions& options, ComputePool& pool) {
  if (options.communicator && options.communicator->size() > 1) {
    return Unimplemented(StrCat(files.path, ": encoders are not divided among ranks"));
  }
  EncoderParts parts;
  parts.config = std::move(described);
  const EncoderConfig& config = parts.config;
  nn::WeightBinder bind(files, config.optional_prefix);
  PANO_ASSIGN_OR_RETURN(parts.text, BindTower(bind, config.text, *files.weights, options, pool));
  PANO_ASSIGN_OR_RETURN(parts.image, BindTower(bind, config.image, *files.weights, options, pool));
  PANO_ASSIGN_OR_RETURN(parts.decoder,
                        BindTower(bind, config.decoder, *files.weights, options, pool));
  if (parts.image)
    parts.patches = BindPatches(bind, config.patches, config.image->model.hidden_size);
  BindHeads(bind, parts);
  PANO_RETURN_IF_ERROR(bind.status());
  std::vector<std::string> ignorable = config.ignorable;
  for (const std::string& name : config.ignorable) {
    if (name.starts_with(config.optional_prefix))
      ignorable.push_back(name.substr(config.optional_prefix.size()));
  }
  PANO_RETURN_IF_ERROR(nn::CheckAllUsed(bind, files.path, config.architecture, ignorable));
  PANO_RETURN_IF_ERROR(AddSentenceHead(files, parts));
  for (const Head& head : parts.heads) {
    const Pooling pooling = head.config.pooling;
    const bool one = pooling == Pooling::kFirst || pooling == Pooling::kEnd;
    if (head.config.tower == TowerKind::kText && one) parts.config.text_pooling = pooling;
  }
  parts.files.push_back(files.weights);
  parts.owned = bind.TakeOwned();
  parts.info = MakeInfo(parts);
  return std::unique_ptr<Encoder>(std::make_unique<TowerEncoder>(std::move(parts)));
}

}  // namespace pano::encoder
