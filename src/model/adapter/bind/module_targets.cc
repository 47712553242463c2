#include "model/adapter/bind/module_targets.h"

#include "base/strings.h"
#include "model/nn/encoder/tower_encoder.h"
#include "model/nn/weights/weight_slots.h"

namespace pano::adapter {
namespace {

using nn::TensorKind;
using nn::TensorRole;

Status Refuse(const BaseModule& module, std::string_view why) {
  return Unimplemented(StrCat("module '", Printable(module.name), "' ", why,
                              ": merge the adapter into its base (pano merge) and serve that"));
}

// The keys and values of each head, which lie side by side in the module's rows.
void AddLatent(const nn::LatentWeights& latent, std::vector<ModuleTarget>& targets) {
  int64_t row = 0;
  for (size_t h = 0; h < latent.key_up.size(); ++h) {
    ModuleTarget key{.linear = &latent.key_up[h], .turned = true};
    for (size_t i = 0; i < latent.key_up[h].in(); ++i) key.rows.push_back(row++);
    ModuleTarget value{.linear = &latent.value_up[h]};
    for (size_t i = 0; i < latent.value_up[h].out(); ++i) value.rows.push_back(row++);
    targets.push_back(std::move(key));
    targets.push_back(std::move(value));
  }
}

}  // namespace

ComputePool& ModuleTargets::pool() const {
  return decoder_ ? decoder_->pool() : encoder_->AsTowers()->pool();
}

float ModuleTargets::NormOffset(const BaseModules& base) const {
  if (decoder_) return base.norm_offset().value_or(norm_offset_);
  const nn::ModelConfig* config = encoder_->AsTowers()->text_config();
  return config ? config->norm_offset : 0.0f;
}

Result<std::vector<ModuleTarget>> ModuleTargets::Find(const BaseModules& base,
                                                      const BaseModule& module) const {
  if (decoder_) return FindInStack(base, module, decoder_->weights(), decoder_->config());
  const encoder::TowerEncoder* towers = encoder_->AsTowers();
  if (module.stack == Stack::kNone) return FindInHeads(module);
  if (module.stack != Stack::kText || !towers->adaptable()) {
    return Refuse(module, "is of a model with images or a decoder, which adapters do not change here");
  }
  return FindInStack(base, module, *towers->text_weights(), *towers->text_config());
}

Result<std::vector<ModuleTarget>> ModuleTargets::FindInStack(const BaseModules& base,
                                                             const BaseModule& module,
                                                             const nn::DecoderWeights& weights,
                                                             const nn::ModelConfig& config) const {
  if (!module.stored) return Refuse(module, "has no place in the model");
  const nn::StoredTensor& stored = *module.stored;
  const std::vector<nn::TensorEntry>& entries = base.entries(module.stack);
  // Only looked at: the slots are found by one function for those who write them, too.
  auto& slots = const_cast<nn::DecoderWeights&>(weights);
  std::vector<ModuleTarget> targets;
  if (stored.shape.size() > 2) return Refuse(module, "holds several experts in one tensor");
  for (size_t i = 0; i < stored.entries.size(); ++i) {
    const nn::TensorEntry& entry = entries[stored.entries[i]];
    ModuleTarget target;
    switch (entry.kind()) {
      case TensorKind::kTable:
        target.table = nn::TableSlot(slots, entry);
        if (entry.role == TensorRole::kEmbedding) {
          PANO_ASSIGN_OR_RETURN(target.tied_head, TiedHead(module));
        }
        break;
      case TensorKind::kNorm:
        target.norm = nn::NormSlot(slots, entry);
        if (entry.shape.size() != 1) return Refuse(module, "has a norm a head");
        break;
      case TensorKind::kNumbers:
        return Refuse(module, "is a table of numbers that all rows share");
      case TensorKind::kLinear: {
        if (entry.role == TensorRole::kLatentKvUp) {
          AddLatent(weights.layers[static_cast<size_t>(entry.layer)].latent, targets);
          continue;
        }
        target.linear = nn::LinearSlot(slots, entry, config.latent.has_value());
        target.rows.resize(static_cast<size_t>(entry.shape[0]));
        for (int64_t row = 0; row < entry.shape[0]; ++row) {
          target.rows[static_cast<size_t>(base.RowInFile(entry, row))] = stored.RowOf(i, row);
        }
        break;
      }
    }
    if (!target.linear && !target.norm && !target.table) {
      return Refuse(module, "has no place in the model");
    }
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<const ops::Linear*> ModuleTargets::TiedHead(const BaseModule& embedding) const {
  if (decoder_) {
    return decoder_->config().tied_embeddings ? &decoder_->weights().head : nullptr;
  }
  const ops::Linear* tied = nullptr;
  for (const encoder::Head& head : encoder_->AsTowers()->heads()) {
    for (size_t i = 0; i < head.stages.size(); ++i) {
      if (head.config.stages[i].kind != encoder::Stage::Kind::kEmbedding) continue;
      if (tied) return Refuse(embedding, "is the matrix of several heads");
      tied = &head.stages[i].dense;
    }
  }
  return tied;
}

Result<std::vector<ModuleTarget>> ModuleTargets::FindInHeads(const BaseModule& module) const {
  const encoder::TowerEncoder* towers = encoder_->AsTowers();
  if (!towers->adaptable()) {
    return Refuse(module, "is of a model with images or a decoder, which adapters do not change here");
  }
  std::vector<ModuleTarget> targets;
  for (const encoder::Head& head : towers->heads()) {
    for (size_t i = 0; i < head.stages.size(); ++i) {
      const encoder::Stage& stage = head.config.stages[i];
      const encoder::StageWeights& weights = head.stages[i];
      bool named = !stage.name.empty() && stage.name == module.name;
      for (std::string_view bias : Split(stage.bias_name, '|')) {
        named = named || bias == StrCat(module.name, ".bias");
      }
      if (!named) continue;
      ModuleTarget target;
      if (stage.kind == encoder::Stage::Kind::kNorm) target.norm = &weights.norm;
      else target.linear = &weights.dense;
      targets.push_back(std::move(target));
    }
  }
  if (targets.empty()) return Refuse(module, "has no place in the model");
  return targets;
}

}  // namespace pano::adapter
