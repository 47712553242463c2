#include "pano/bench/tensor_list.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/nn/encoder/encoder_family.h"
#include "model/nn/encoder/head_tensors.h"
#include "model/nn/families/family.h"
#include "model/nn/weights/stored_tensors.h"

namespace pano::bench {
namespace {

using nn::TensorEntry;
using nn::TensorKind;
using Part = ModelTensor::Part;
using Role = nn::TensorRole;

constexpr float kBiasDeviation = 0.02f;

// Of "a|b" the one that the files have; without files the first.
std::string Choose(const format::Weights* weights, const nn::StoredTensor& stored,
                   std::string_view prefix) {
  if (weights) return nn::LocateTensor(*weights, stored, prefix);
  return StrCat(std::string_view(stored.name).substr(0, stored.name.find('|')), stored.suffix());
}
std::string Choose(const format::Weights* weights, const std::string& names,
                   std::string_view prefix) {
  const std::vector<std::string_view> all = Split(names, '|');
  for (std::string_view name : all) {
    if (!weights) break;
    std::string located = nn::LocateTensor(*weights, std::string(name), prefix);
    if (weights->Find(located)) return located;
  }
  return std::string(all.front());
}

Part PartOf(const TensorEntry& entry, const tensor::Shape& shape, bool tied_head) {
  if (shape.size() == 1) return Part::kVector;
  switch (entry.role) {
    case Role::kEmbedding:
      return tied_head ? Part::kTiedHead : Part::kTable;
    case Role::kPositions:
    case Role::kTokenTypes:
      return Part::kTable;
    case Role::kHead:
    case Role::kHeadDense:
      return Part::kHead;
    case Role::kRouter:
    case Role::kSharedRouter:
      return Part::kSmall;
    default:
      return entry.kind() == TensorKind::kLinear ? Part::kMatrix : Part::kSmall;
  }
}

// Lists the tensors of a model as its files hold them.
class Lister {
 public:
  Lister(const format::Weights* weights, std::string_view optional_prefix)
      : weights_(weights), prefix_(optional_prefix) {}

  Status Stack(const std::vector<TensorEntry>& entries, const nn::ModelConfig& config,
               const nn::WeightNames& names, bool tied_head) {
    PANO_ASSIGN_OR_RETURN(const std::vector<nn::StoredTensor> stored,
                          nn::StoreTensors(entries, config, names));
    for (const nn::StoredTensor& one : stored) {
      if (one.optional) continue;
      const TensorEntry& entry = entries[one.entries.front()];
      ModelTensor tensor = Values(entry.kind(), entry.part, entry.shape, config.norm_offset);
      tensor.name = Choose(weights_, one, prefix_);
      tensor.shape = one.shape;
      tensor.part = PartOf(entry, one.shape, tied_head);
      if (entry.expert >= 0) {
        tensor.used_share =
            static_cast<double>(config.experts.used) / static_cast<double>(config.experts.count);
      }
      PANO_RETURN_IF_ERROR(Add(std::move(tensor)));
    }
    return {};
  }

  Status Head(const encoder::HeadConfig& head, const nn::ModelConfig& tower) {
    for (const encoder::HeadTensor& one : encoder::DescribeHead(head, tower)) {
      ModelTensor tensor = Values(one.kind, one.part, one.shape, tower.norm_offset);
      tensor.name = Choose(weights_, one.name, prefix_);
      tensor.shape = one.shape;
      tensor.part = one.shape.size() == 1 ? Part::kVector : Part::kHead;
      PANO_RETURN_IF_ERROR(Add(std::move(tensor)));
    }
    return {};
  }

  std::vector<ModelTensor> Take() { return std::move(tensors_); }

 private:
  // Norms multiply by one; a product of rows of unit size has unit size again.
  static ModelTensor Values(TensorKind kind, nn::TensorPart part, const tensor::Shape& shape,
                            float norm_offset) {
    ModelTensor tensor;
    if (part == nn::TensorPart::kBias) {
      tensor.deviation = kBiasDeviation;
    } else if (kind == TensorKind::kNorm) {
      tensor.mean = 1.0f - norm_offset;
    } else {
      tensor.deviation = static_cast<float>(1.0 / std::sqrt(static_cast<double>(shape.back())));
    }
    return tensor;
  }

  Status Add(ModelTensor tensor) {
    PANO_RETURN_IF_ERROR(tensor::ElementCount(tensor.shape).status().Wrap(tensor.name));
    tensors_.push_back(std::move(tensor));
    return {};
  }

  const format::Weights* weights_;
  const std::string_view prefix_;
  std::vector<ModelTensor> tensors_;
};

Status ListEncoder(const format::ModelFiles& files, std::vector<ModelTensor>& out) {
  PANO_ASSIGN_OR_RETURN(const encoder::EncoderConfig config, encoder::ReadEncoderConfig(files));
  if (config.image || config.decoder || !config.text) {
    return Unimplemented(StrCat(files.path, ": only encoders of texts alone are measured"));
  }
  const nn::ModelConfig& model = config.text->model;
  PANO_ASSIGN_OR_RETURN(const std::vector<TensorEntry> entries, nn::DescribeStack(model));
  Lister lister(files.weights.get(), config.optional_prefix);
  const bool tied = std::ranges::any_of(config.heads, encoder::ReadsEmbedding);
  PANO_RETURN_IF_ERROR(lister.Stack(entries, model, config.text->names, tied));
  for (const encoder::HeadConfig& head : config.heads) {
    // What a file may lack, a shape lacks.
    if (!head.optional) PANO_RETURN_IF_ERROR(lister.Head(head, model));
  }
  out = lister.Take();
  return {};
}

Status ListDecoder(const format::ModelFiles& files, std::vector<ModelTensor>& out) {
  PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig family, nn::ReadFamilyConfig(files));
  PANO_ASSIGN_OR_RETURN(const std::vector<TensorEntry> entries, nn::DescribeTensors(family.config));
  Lister lister(files.weights.get(), family.names.optional_prefix);
  PANO_RETURN_IF_ERROR(
      lister.Stack(entries, family.config, family.names, family.config.tied_embeddings));
  out = lister.Take();
  return {};
}

}  // namespace

Result<std::vector<ModelTensor>> ListTensors(const format::ModelFiles& files) {
  std::vector<ModelTensor> out;
  PANO_RETURN_IF_ERROR(encoder::IsEncoder(files) ? ListEncoder(files, out)
                                                 : ListDecoder(files, out));
  return out;
}

}  // namespace pano::bench
