#include "model/adapter/adapter.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/env.h"
#include "base/path_exists.h"
#include "base/strings.h"
#include "model/adapter/module_matcher.h"
#include "model/adapter/write_adapter.h"
#include "model/format/hf_folder.h"
#include "model/format/weights.h"
#include "model/tensor/blocks.h"

namespace pano::adapter {
namespace {

using tensor::DType;
using tensor::TensorView;

constexpr size_t kChunkElements = 1 << 20;  // widened at once
constexpr std::string_view kKeyPrefix = "base_model.model.";

// What a stored tensor is to its module; the ending of its key says it.
enum class Part : uint8_t {
  kA,
  kB,
  kBBias,
  kEmbeddingA,
  kEmbeddingB,
  kMagnitude,
  kBaseWeight,
  kBaseBias,
  kTokens,
  kWeight,
  kBias,
};
struct Ending {
  std::string_view text;
  Part part;
};
// Longer endings stand before those that end them.
constexpr Ending kEndings[] = {
    {".lora_A.weight", Part::kA},
    {".lora_B.weight", Part::kB},
    {".lora_B.bias", Part::kBBias},
    {".lora_embedding_A", Part::kEmbeddingA},
    {".lora_embedding_B", Part::kEmbeddingB},
    {".lora_magnitude_vector", Part::kMagnitude},
    {".lora_magnitude_vector.weight", Part::kMagnitude},
    {".base_layer.weight", Part::kBaseWeight},
    {".base_layer.bias", Part::kBaseBias},
    {".token_adapter.trainable_tokens_delta", Part::kTokens},
    {".weight", Part::kWeight},
    {".bias", Part::kBias},
};

bool IsFloat(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 ||
         dtype == DType::kF64;
}

Status CheckShape(const TensorView& view, const tensor::Shape& wanted) {
  if (view.shape == wanted) return {};
  return Corruption(StrCat("has shape ", tensor::ShapeText(view.shape), ", needs ",
                           tensor::ShapeText(wanted)));
}

// Elements [begin, begin + count) of a view.
TensorView Elements(const TensorView& view, size_t begin, size_t count) {
  const size_t bytes = tensor::Describe(view.dtype).block_bytes;
  return {view.dtype, {static_cast<int64_t>(count)}, view.data + begin * bytes, count * bytes};
}

Status CheckFinite(const TensorView& view) {
  const auto size = static_cast<size_t>(view.elements());
  for (size_t begin = 0; begin < size; begin += kChunkElements) {
    const std::vector<double> values =
        Doubles(Elements(view, begin, std::min(kChunkElements, size - begin)));
    for (size_t i = 0; i < values.size(); ++i) {
      if (!std::isfinite(values[i])) {
        return Corruption(StrCat("value ", begin + i, " is ", values[i]));
      }
    }
  }
  return {};
}

}  // namespace

// Sorts the tensors of a file to the modules of the base, then looks whether all is there.
class AdapterReader {
 public:
  AdapterReader(const std::string& path, AdapterConfig config,
                std::shared_ptr<const format::Weights> weights,
                std::shared_ptr<const BaseModules> base)
      : adapter_(new Adapter()), file_(JoinPath(path, kWeightsFile)) {
    adapter_->path_ = path;
    adapter_->config_ = std::move(config);
    adapter_->weights_ = std::move(weights);
    adapter_->base_ = std::move(base);
  }

  Result<std::shared_ptr<const Adapter>> Read() {
    SpellOutAllLinear();
    const std::string config_file = JoinPath(adapter_->path_, kConfigFile);
    Result<ModuleMatcher> matcher = ModuleMatcher::Create(adapter_->config_).Wrap(config_file);
    if (!matcher.ok()) return matcher.error();
    matcher_ = &*matcher;
    for (const std::string& key : adapter_->weights_->Names()) {
      PANO_RETURN_IF_ERROR(Place(key).Wrap(Tensor(key)));
    }
    for (auto& [name, change] : by_name_) {
      PANO_RETURN_IF_ERROR(Complete(name, change).Wrap(StrCat(file_, ": module '",
                                                              Printable(name), "'")));
    }
    PANO_RETURN_IF_ERROR(FindTargets().Wrap(adapter_->path_));
    PANO_RETURN_IF_ERROR(TakeTokens().Wrap(config_file));
    PANO_RETURN_IF_ERROR(CheckTies().Wrap(config_file));
    return Finish();
  }

 private:
  Result<std::shared_ptr<const Adapter>> Finish() {
    std::map<const BaseModule*, std::string> seen;
    for (auto& [name, change] : by_name_) {
      const auto [it, is_new] = seen.emplace(change.module, name);
      if (!is_new) {
        return Corruption(StrCat(file_, ": '", it->second, "' and '", name,
                                 "' are the same module of the base"));
      }
      const bool changes = change.a || change.weight || change.bias || change.tokens;
      if (changes) adapter_->changes_.push_back(std::move(change));
    }
    return std::shared_ptr<const Adapter>(std::move(adapter_));
  }

  const AdapterConfig& config() const { return adapter_->config_; }
  const BaseModules& base() const { return *adapter_->base_; }
  // As PEFT does before it saves; a configuration by hand may have the word.
  void SpellOutAllLinear() {
    ModuleNames& targets = adapter_->config_.targets;
    if (ToLower(targets.regex) != "all-linear") return;
    targets.regex.clear();
    targets.names = AllLinear(base(), config());
    const std::string& prefix = base().optional_prefix();
    const size_t count = targets.names.size();
    for (size_t i = 0; i < count; ++i) {  // adapters may leave the prefix out
      if (prefix.empty() || !targets.names[i].starts_with(prefix)) continue;
      targets.names.push_back(targets.names[i].substr(prefix.size()));
    }
  }
  std::string Tensor(std::string_view key) const {
    return StrCat(file_, ": tensor '", Printable(key, 160), "'");
  }

  Status Place(const std::string& key) {
    const TensorView& view = *adapter_->weights_->Find(key);
    if (!IsFloat(view.dtype)) {
      return Unimplemented(
          StrCat("type ", tensor::Describe(view.dtype).name, " is not supported in adapters"));
    }
    if (!key.starts_with(kKeyPrefix)) {
      return Unimplemented(StrCat("does not begin with '", kKeyPrefix, "'"));
    }
    const std::string_view rest = std::string_view(key).substr(kKeyPrefix.size());
    if (IsCopy(rest)) return {};
    for (const Ending& ending : kEndings) {
      if (!rest.ends_with(ending.text) || rest.size() == ending.text.size()) continue;
      const std::string name(rest.substr(0, rest.size() - ending.text.size()));
      return PlacePart(name, ending.part, view);
    }
    return Unimplemented("is no part of an adapter that is known here");
  }

  // What modules_to_save and bias = "all" together store a second and a third time: the bias of the
  // module's copy, and the one that it had.
  bool IsCopy(std::string_view rest) const {
    if (config().bias != BiasMode::kAll || !rest.ends_with(".bias")) return false;
    for (std::string_view inner : {".modules_to_save", ".original_module"}) {
      const size_t at = rest.find(StrCat(inner, "."));
      if (at == std::string_view::npos) continue;
      std::string name = StrCat(rest.substr(0, at), rest.substr(at + inner.size()));
      name.resize(name.size() - std::string_view(".bias").size());
      return matcher_->Saved(rest.substr(0, at)) && base().Find(name);
    }
    return false;
  }

  // The change of a module of the base.
  Result<ModuleChange*> Change(const std::string& name) {
    const auto [it, is_new] = by_name_.try_emplace(name);
    if (!is_new) return &it->second;
    const BaseModule* module = base().Find(name);
    if (!module) {
      by_name_.erase(it);
      return Corruption(StrCat("the base has no module '", Printable(name, 120), "'"));
    }
    it->second.module = module;
    it->second.name = name;
    return &it->second;
  }

  Status PlacePart(const std::string& name, Part part, const TensorView& view) {
    PANO_ASSIGN_OR_RETURN(ModuleChange* const change, Change(name));
    switch (part) {
      case Part::kA:
      case Part::kEmbeddingA:
        return PlaceLowRank(name, part == Part::kEmbeddingA, view, change->a, *change);
      case Part::kB:
      case Part::kEmbeddingB:
        return PlaceLowRank(name, part == Part::kEmbeddingB, view, change->b, *change);
      case Part::kBBias:
        if (!config().lora_bias) return Corruption("lora_bias is false in adapter_config.json");
        change->b_bias = &view;
        return {};
      case Part::kMagnitude:
        if (!config().dora) return Corruption("use_dora is false in adapter_config.json");
        if (change->magnitude) return Corruption("stands twice, with and without '.weight'");
        change->magnitude = &view;
        return {};
      case Part::kBaseWeight:
      case Part::kWeight:
        return PlaceWeight(name, part == Part::kBaseWeight, view, *change);
      case Part::kBaseBias:
      case Part::kBias:
        return PlaceBias(name, view, *change);
      case Part::kTokens:
        change->tokens = &view;
        return {};
    }
    return Internal("a part without a place");
  }

  Status PlaceLowRank(const std::string& name, bool embedding, const TensorView& view,
                      const TensorView*& slot, ModuleChange& change) {
    const ModuleKind kind = embedding ? ModuleKind::kEmbedding : ModuleKind::kLinear;
    if (change.module->kind != kind) {
      return Corruption(StrCat("'", Printable(name), "' is no ",
                               embedding ? "embedding" : "linear layer", " of the base"));
    }
    PANO_ASSIGN_OR_RETURN(const bool targeted, matcher_->Targets(name));
    if (!targeted) {
      return Corruption(StrCat("adapter_config.json does not target '", Printable(name), "'"));
    }
    slot = &view;
    return {};
  }

  // Whole weights: of modules_to_save; and of embeddings and the head, which PEFT stores as well
  // where it adapts them or where they may have been resized.
  Status PlaceWeight(const std::string& name, bool base_layer, const TensorView& view,
                     ModuleChange& change) {
    const bool saved = !base_layer && matcher_->Saved(name);
    const bool is_head = change.module->stored &&
                         change.module->stored->role == nn::TensorRole::kHead;
    if (!saved && change.module->kind != ModuleKind::kEmbedding && !is_head) {
      return Corruption(StrCat("modules_to_save does not name '", Printable(name), "'"));
    }
    if (change.weight) return Corruption("stands twice, with and without 'base_layer'");
    change.weight = &view;
    change.saved_whole = saved;
    const BaseModule& m = *change.module;
    return CheckShape(view, WeightShape(m));
  }

  static tensor::Shape WeightShape(const BaseModule& m) {
    if (m.stored) return m.stored->shape;
    if (m.kind == ModuleKind::kLinear) return {m.out, m.in};
    return {m.out};
  }

  Status PlaceBias(const std::string& name, const TensorView& view, ModuleChange& change) {
    const bool saved = matcher_->Saved(name);
    if (!saved && config().bias == BiasMode::kNone) {
      return Corruption("bias is 'none' in adapter_config.json");
    }
    if (!saved && config().bias == BiasMode::kLoraOnly) {
      PANO_ASSIGN_OR_RETURN(const bool targeted, matcher_->Targets(name));
      if (!targeted) return Corruption("bias is 'lora_only', and the module is not adapted");
    }
    if (!change.module->bias) return Corruption("the base has no bias there");
    if (change.bias) return Corruption("stands twice, with and without 'base_layer'");
    change.bias = &view;
    change.saved_whole = change.saved_whole || saved;
    return CheckShape(view, {change.module->out});
  }

  Status Complete(const std::string& name, ModuleChange& change) {
    const BaseModule& m = *change.module;
    for (const TensorView* view : {change.a, change.b, change.b_bias, change.magnitude,
                                   change.weight, change.bias, change.tokens}) {
      if (view) PANO_RETURN_IF_ERROR(CheckFinite(*view));
    }
    if (!change.a && !change.b) {
      if (change.b_bias || change.magnitude) return Corruption("has no low-rank matrices");
      return {};
    }
    if (!change.a || !change.b) {
      return Corruption(StrCat("has ", change.a ? "A but no B" : "B but no A"));
    }
    PANO_ASSIGN_OR_RETURN(change.rank, matcher_->RankOf(name));
    PANO_ASSIGN_OR_RETURN(change.scale, matcher_->ScaleOf(name));
    const bool embedding = m.kind == ModuleKind::kEmbedding;
    PANO_RETURN_IF_ERROR(
        CheckShape(*change.a, {change.rank, embedding ? m.out : m.in}).Wrap("A"));
    PANO_RETURN_IF_ERROR(
        CheckShape(*change.b, {embedding ? m.in : m.out, change.rank}).Wrap("B"));
    if (config().dora) {
      if (embedding) return Unimplemented("use_dora over an embedding is not supported");
      if (!change.magnitude) return Corruption("use_dora: has no lora_magnitude_vector");
      PANO_RETURN_IF_ERROR(CheckShape(*change.magnitude, {m.out}).Wrap("lora_magnitude_vector"));
    }
    if (config().lora_bias) {
      if (embedding) return Unimplemented("lora_bias over an embedding is not supported");
      if (!change.b_bias) return Corruption("lora_bias: has no lora_B.bias");
      PANO_RETURN_IF_ERROR(CheckShape(*change.b_bias, {m.out}).Wrap("lora_B.bias"));
    }
    return {};
  }

  // Every module that the configuration targets must have its matrices.
  Status FindTargets() {
    const std::string& prefix = base().optional_prefix();
    // Whether the adapter was made for a model whose names have the prefix.
    bool prefixed = true;
    for (const auto& [name, change] : by_name_) {
      if (change.module->stack != Stack::kNone && change.name != change.module->name) {
        prefixed = name.starts_with(prefix);
        break;
      }
    }
    for (const BaseModule& module : base().all()) {
      if (module.kind == ModuleKind::kOther) continue;
      std::string name = module.name;
      if (!prefixed && name.starts_with(prefix)) name.erase(0, prefix.size());
      PANO_ASSIGN_OR_RETURN(const bool targeted, matcher_->Targets(name));
      if (!targeted || Has(name)) continue;
      return Corruption(StrCat("target_modules means '", name, "', but ", kWeightsFile,
                               " has no matrices for it"));
    }
    return {};
  }

  bool Has(const std::string& name) const {
    const auto it = by_name_.find(name);
    return it != by_name_.end() && it->second.low_rank();
  }

  // The ids of trainable rows to the rows that are stored.
  Status TakeTokens() {
    for (const TokenRows& rows : config().trainable_tokens) {
      ModuleChange* change = nullptr;
      for (auto& [name, one] : by_name_) {
        const bool meant = rows.module.empty() ? one.module == base().embedding()
                                               : name.ends_with(rows.module);
        if (meant && one.tokens) change = &one;
      }
      if (!change && IsTiedTo(rows)) continue;
      if (!change) {
        return Corruption(StrCat("trainable_token_indices: ", kWeightsFile, " has no rows for '",
                                 Printable(rows.module), "'"));
      }
      if (change->low_rank() || change->module->kind != ModuleKind::kEmbedding) {
        return Unimplemented(
            StrCat("trainable_token_indices over '", Printable(change->name), "' is not supported"));
      }
      const BaseModule& m = *change->module;
      PANO_RETURN_IF_ERROR(
          CheckShape(*change->tokens, {static_cast<int64_t>(rows.rows.size()), m.in})
              .Wrap("trainable_token_indices: trainable_tokens_delta"));
      std::set<int64_t> seen;
      for (int64_t id : rows.rows) {
        if (id >= m.out) {
          return Corruption(StrCat("trainable_token_indices: ", id, ", the vocabulary has ", m.out));
        }
        if (!seen.insert(id).second) {
          return Corruption(StrCat("trainable_token_indices: ", id, " stands twice"));
        }
      }
      change->rows = rows.rows;
    }
    for (const auto& [name, change] : by_name_) {
      if (change.tokens && change.rows.empty() && !change.tokens->shape.empty() &&
          change.tokens->shape[0] > 0) {
        return Corruption(StrCat("trainable_token_indices does not name '", Printable(name),
                                 "', for which rows are stored"));
      }
    }
    return {};
  }

  // Whether these are the head's rows, which it has from the embedding that it is tied to: they stand
  // once.
  bool IsTiedTo(const TokenRows& head) const {
    const auto& all = base().all();
    const bool tied = std::ranges::any_of(all, [&](const BaseModule& module) {
      return module.tied && module.name.ends_with(head.module);
    });
    return tied && std::ranges::any_of(config().trainable_tokens, [&](const TokenRows& other) {
             return other.module != head.module && other.rows == head.rows;
           });
  }

  // ensure_weight_tying changes what a tied head sees.
  Status CheckTies() const {
    if (!config().ensure_weight_tying) return {};
    const bool tied = std::ranges::any_of(base().all(), &BaseModule::tied);
    for (const auto& [name, change] : by_name_) {
      const bool touches = change.module == base().embedding() || change.module->tied;
      if (tied && touches && !change.tokens) {
        return Unimplemented(
            StrCat("ensure_weight_tying: true is not supported where '", name, "' is adapted"));
      }
    }
    return {};
  }

  std::shared_ptr<Adapter> adapter_;
  const std::string file_;
  const ModuleMatcher* matcher_ = nullptr;
  std::map<std::string, ModuleChange> by_name_;
};

Status Adapter::CheckUnchanged() const { return weights_->CheckUnchanged(); }

const ModuleChange* Adapter::Find(const BaseModule& module) const {
  for (const ModuleChange& change : changes_) {
    if (change.module == &module) return &change;
  }
  return nullptr;
}

Result<std::shared_ptr<const Adapter>> MakeAdapter(const std::string& path, AdapterConfig config,
                                                   std::shared_ptr<const format::Weights> weights,
                                                   std::shared_ptr<const BaseModules> base) {
  return AdapterReader(path, std::move(config), std::move(weights), std::move(base)).Read();
}

Result<std::shared_ptr<const Adapter>> LoadAdapter(const std::string& path,
                                                   std::shared_ptr<const BaseModules> base,
                                                   Env& env) {
  PANO_ASSIGN_OR_RETURN(AdapterConfig config, ReadAdapterConfig(path, env));
  const std::string file = JoinPath(path, kWeightsFile);
  PANO_ASSIGN_OR_RETURN(const bool there, Exists(file, env));
  if (!there) {
    const std::string pickle = JoinPath(path, "adapter_model.bin");
    PANO_ASSIGN_OR_RETURN(const bool pickled, Exists(pickle, env));
    if (!pickled) return NotFound(StrCat(file, ": no such file"));
    return Unimplemented(StrCat(pickle,
                                ": pickled weights are programs and are not run; load the adapter "
                                "with PEFT where it is trusted and save it again, which writes "
                                "adapter_model.safetensors"));
  }
  PANO_ASSIGN_OR_RETURN(auto weights, format::OpenSafetensors({file}));
  return MakeAdapter(path, std::move(config), std::move(weights), std::move(base));
}

Result<std::shared_ptr<const Adapter>> LoadAdapter(const std::string& path,
                                                   std::shared_ptr<const BaseModules> base) {
  return LoadAdapter(path, std::move(base), Env::Real());
}

std::vector<float> Floats(const TensorView& view) {
  std::vector<float> out(static_cast<size_t>(view.elements()));
  tensor::DecoderOf(view.dtype)(view.data, out.size(), out.data());
  return out;
}

std::vector<double> Doubles(const TensorView& view) {
  if (view.dtype == DType::kF64) {
    std::vector<double> out(static_cast<size_t>(view.elements()));
    if (!out.empty()) std::memcpy(out.data(), view.data, view.bytes);
    return out;
  }
  const std::vector<float> floats = Floats(view);
  return {floats.begin(), floats.end()};
}

bool SameValues(const TensorView& a, const TensorView& b) {
  if (a.shape != b.shape) return false;
  const auto size = static_cast<size_t>(a.elements());
  for (size_t begin = 0; begin < size; begin += kChunkElements) {
    const size_t count = std::min(kChunkElements, size - begin);
    if (Doubles(Elements(a, begin, count)) != Doubles(Elements(b, begin, count))) return false;
  }
  return true;
}

}  // namespace pano::adapter
