#include "model/adapter/base_modules.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder_family.h"

namespace pano::adapter {
namespace {

using format::ModelFiles;
using nn::TensorKind;
using nn::TensorPart;
using nn::TensorRole;

// Of the names "a|b" the one that the files have, else the first.
std::string OneName(const nn::StoredTensor& stored, const format::Weights* files,
                    std::string_view optional_prefix) {
  const std::vector<std::string_view> names = Split(stored.name, '|');
  for (std::string_view name : names) {
    const std::string whole = StrCat(name, stored.suffix());
    if (files && files->Find(nn::LocateTensor(*files, whole, optional_prefix))) {
      return std::string(name);
    }
  }
  return std::string(names.front());
}

// The decoder that a GGUF file holds, as the original implementation would configure it. Several
// families may share an architecture there.
Result<nn::FamilyConfig> AsHuggingFace(const nn::FamilyConfig& gguf, const std::string& path) {
  const std::string_view architecture = gguf.family->gguf_name;
  Status refusal = Unimplemented(
      StrCat(path, ": adapters over GGUF files of '", architecture, "' are not supported"));
  for (const nn::Family* family : nn::Families()) {
    const bool same = family->gguf_name == architecture || family->written_as == architecture;
    if (!same || !family->write_hf) continue;
    ModelFiles folder;
    folder.path = path;
    folder.config = json::Object{};
    folder.config.Set("model_type", family->name);
    family->write_hf(gguf.config, folder.config);
    Result<nn::FamilyConfig> read = nn::ReadFamilyConfig(folder);
    if (!read.ok()) {
      refusal = std::move(refusal).WithCause(read.error());
      continue;
    }
    const bool experts = std::ranges::any_of(gguf.config.layers, &nn::LayerConfig::experts);
    if (!experts || read->names.router) return read;
  }
  return refusal;
}

}  // namespace

BaseModule& BaseModules::Module(const std::string& name) {
  const auto [it, is_new] = by_name_.emplace(name, modules_.size());
  if (is_new) modules_.emplace_back().name = name;
  return modules_[it->second];
}

const BaseModule* BaseModules::Find(std::string_view name) const {
  auto it = by_name_.find(std::string(name));
  if (it == by_name_.end() && !optional_prefix_.empty()) {
    it = name.starts_with(optional_prefix_)
             ? by_name_.find(std::string(name.substr(optional_prefix_.size())))
             : by_name_.find(StrCat(optional_prefix_, name));
  }
  return it == by_name_.end() ? nullptr : &modules_[it->second];
}

Status BaseModules::AddStack(Stack stack, const nn::ModelConfig& config,
                             const nn::WeightNames& names, std::vector<nn::TensorEntry> entries,
                             const format::Weights* files, bool add_prefix) {
  PANO_ASSIGN_OR_RETURN(std::vector<nn::StoredTensor> stored,
                        nn::StoreTensors(entries, config, names));
  for (nn::StoredTensor& tensor : stored) {
    const TensorKind kind = nn::KindOf(tensor.role);
    if (kind == TensorKind::kNumbers) continue;
    std::string name = OneName(tensor, files, optional_prefix_);
    if (add_prefix && !name.starts_with(optional_prefix_)) name = StrCat(optional_prefix_, name);
    BaseModule& module = Module(name);
    if (tensor.part == TensorPart::kBias) {
      module.bias = true;
      continue;
    }
    module.stack = stack;
    module.transposed = tensor.transposed;
    module.out = tensor.shape.front();
    module.in = tensor.shape.size() > 1 ? tensor.shape.back() : 0;
    if (tensor.transposed) std::swap(module.out, module.in);
    if (tensor.shape.size() == 2 && kind != TensorKind::kNorm) {
      module.kind = kind == TensorKind::kTable ? ModuleKind::kEmbedding : ModuleKind::kLinear;
    }
    module.tied = tensor.role == TensorRole::kHead && config.tied_embeddings;
    if (tensor.role == TensorRole::kEmbedding && embedding_.empty()) embedding_ = module.name;
    module.stored = std::move(tensor);
  }
  entries_[static_cast<size_t>(stack)] = std::move(entries);
  return {};
}

Status BaseModules::AddDecoder(const nn::FamilyConfig& family, const nn::WeightNames& names,
                               const format::Weights* files) {
  optional_prefix_ = names.optional_prefix;
  PANO_ASSIGN_OR_RETURN(std::vector<nn::TensorEntry> entries, nn::DescribeTensors(family.config));
  return AddStack(Stack::kText, family.config, names, std::move(entries), files,
                  /*add_prefix=*/false);
}

Status BaseModules::AddGguf(const ModelFiles& files) {
  PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig gguf, nn::ReadFamilyConfig(files));
  PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig folder, AsHuggingFace(gguf, files.path));
  if (gguf.config.rope.interleaved != folder.config.rope.interleaved) {
    if (folder.config.rope.interleaved || gguf.config.latent) {
      return Unimplemented(StrCat(files.path, ": the order of this file's rows is not supported "
                                              "with adapters"));
    }
    head_dim_ = gguf.config.head_dim;
    rotary_half_ = gguf.config.rope.dim / 2;
  }
  norm_offset_ = folder.config.norm_offset;
  return AddDecoder(gguf, folder.names, nullptr);
}

Status BaseModules::AddEncoder(const ModelFiles& files) {
  if (files.kind == ModelFiles::Kind::kGguf) {
    return Unimplemented(
        StrCat(files.path, ": adapters over encoders in GGUF files are not supported"));
  }
  PANO_ASSIGN_OR_RETURN(const encoder::EncoderConfig config, encoder::ReadEncoderConfig(files));
  optional_prefix_ = config.optional_prefix;
  const std::pair<Stack, const std::optional<encoder::TowerConfig>*> towers[] = {
      {Stack::kText, &config.text}, {Stack::kImage, &config.image},
      {Stack::kDecoder, &config.decoder}};
  int64_t hidden[3] = {};
  embedding_is_shared_ = config.decoder.has_value();
  for (const auto& [stack, tower] : towers) {
    if (!*tower) continue;
    const nn::ModelConfig& model = (*tower)->model;
    hidden[static_cast<size_t>(stack)] = model.hidden_size;
    PANO_ASSIGN_OR_RETURN(std::vector<nn::TensorEntry> entries, nn::DescribeStack(model));
    PANO_RETURN_IF_ERROR(
        AddStack(stack, model, (*tower)->names, std::move(entries), files.weights.get(),
                 /*add_prefix=*/true));  // families' tables of encoders leave it out
  }
  for (const encoder::HeadConfig& head : config.heads) {
    int64_t size = hidden[static_cast<size_t>(head.tower)];
    for (const encoder::Stage& stage : head.stages) {
      using Kind = encoder::Stage::Kind;
      if (stage.kind == Kind::kNorm) {
        BaseModule& norm = Module(stage.name);
        norm.out = size;
        norm.bias = true;
      }
      const bool has_own = stage.kind == Kind::kDense &&
                           files.weights->Find(nn::LocateTensor(
                               *files.weights, stage.name + ".weight", optional_prefix_));
      if (stage.kind == Kind::kEmbedding || (stage.or_embedding && !has_own)) {
        embedding_is_shared_ = true;
      }
      if (stage.kind == Kind::kDense) {
        BaseModule& dense = Module(stage.name);
        dense.kind = ModuleKind::kLinear;
        dense.out = stage.size;
        dense.in = size;
      }
      // A bias may be a parameter of another module than the matrix.
      for (std::string_view name : Split(stage.bias_name, '|')) {
        if (!name.ends_with(".bias")) continue;
        BaseModule& owner = Module(std::string(name.substr(0, name.size() - 5)));
        owner.bias = true;
        if (owner.out == 0) owner.out = stage.size;
      }
      if (stage.kind == Kind::kDense || stage.kind == Kind::kEmbedding) size = stage.size;
    }
  }
  return {};
}

Result<std::shared_ptr<const BaseModules>> BaseModules::Of(const ModelFiles& files) {
  std::shared_ptr<BaseModules> base(new BaseModules());
  if (encoder::IsEncoder(files)) {
    PANO_RETURN_IF_ERROR(base->AddEncoder(files));
  } else if (files.kind == ModelFiles::Kind::kGguf) {
    PANO_RETURN_IF_ERROR(base->AddGguf(files));
  } else {
    PANO_ASSIGN_OR_RETURN(const nn::FamilyConfig family, nn::ReadFamilyConfig(files));
    PANO_RETURN_IF_ERROR(base->AddDecoder(family, family.names, files.weights.get()));
  }
  return std::shared_ptr<const BaseModules>(std::move(base));
}

Result<std::shared_ptr<const BaseModules>> BaseModules::Of(const nn::FamilyConfig& family) {
  std::shared_ptr<BaseModules> base(new BaseModules());
  PANO_RETURN_IF_ERROR(base->AddDecoder(family, family.family->hf_names(), nullptr));
  return std::shared_ptr<const BaseModules>(std::move(base));
}

int64_t BaseModules::RowInFile(const nn::TensorEntry& entry, int64_t row) const {
  const bool turns = entry.role == TensorRole::kQuery || entry.role == TensorRole::kKey;
  if (rotary_half_ == 0 || !turns) return row;
  const int64_t head = row / head_dim_ * head_dim_, i = row - head;
  if (i >= 2 * rotary_half_) return row;
  return head + i % rotary_half_ * 2 + i / rotary_half_;
}

}  // namespace pano::adapter
