#include "model/train/adapter_set.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/adapter/adapter.h"
#include "model/adapter/module_matcher.h"
#include "model/adapter/write_adapter.h"
#include "model/nn/encoder/head_tensors.h"
#include "model/train/ops/torch_ops.h"

namespace pano::train {

// What a folder has for one module.
struct AdapterSet::Start {
  const adapter::ModuleChange* change = nullptr;
};

namespace {

using adapter::BaseModule;

at::Tensor FromView(const tensor::TensorView& view) {
  std::vector<float> values = adapter::Floats(view);
  return at::from_blob(values.data(), view.shape, at::kFloat).clone();
}

at::Tensor UniformMatrix(int64_t rows, int64_t columns, Random& random) {
  // torch's default for linear layers: kaiming_uniform_ with a = sqrt(5).
  const double bound = 1 / std::sqrt(static_cast<double>(columns));
  at::Tensor out = at::empty({rows, columns}, at::kFloat);
  auto* data = out.data_ptr<float>();
  for (int64_t i = 0; i < out.numel(); ++i) data[i] = static_cast<float>((2 * random.Uniform() - 1) * bound);
  return out;
}

// One layer of the module that is part of a base's module, with the rows of that which are its own.
struct Part {
  size_t parameter = 0;      // its matrix
  std::vector<int64_t> rows;  // of the base's module, for each row of the layer
};

std::vector<Part> PartsOf(const BaseModule& module, const adapter::BaseModules& modules,
                          const TransformerModule& target) {
  std::vector<Part> parts;
  if (!module.stored) {
    for (size_t i = target.entries().size(); i < target.parameters().size(); ++i) {
      if (target.parameters()[i].name == module.name + ".weight") parts.push_back({i, {}});
    }
    return parts;
  }
  const std::vector<nn::TensorEntry>& entries = modules.entries(module.stack);
  for (size_t e = 0; e < module.stored->entries.size(); ++e) {
    const nn::TensorEntry& entry = entries[module.stored->entries[e]];
    for (size_t i = 0; i < target.entries().size(); ++i) {
      const nn::TensorEntry& own = target.entries()[i];
      if (own.role != entry.role || own.layer != entry.layer || own.part != nn::TensorPart::kWeight) continue;
      Part part{i, std::vector<int64_t>(static_cast<size_t>(entry.shape[0]))};
      for (int64_t row = 0; row < entry.shape[0]; ++row) {
        part.rows[static_cast<size_t>(modules.RowInFile(entry, row))] = module.stored->RowOf(e, row);
      }
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

bool InOrder(const std::vector<int64_t>& rows, int64_t count) {
  if (static_cast<int64_t>(rows.size()) != count) return rows.empty();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] != static_cast<int64_t>(i)) return false;
  }
  return true;
}

at::Tensor DenseOf(const TransformerModule::Parameter& p) { return p.frozen ? p.frozen->Dense() : p.value.detach(); }

// The rows of the base's module [out, in] out of the layers that hold them.
at::Tensor WholeMatrix(const BaseModule& module, const std::vector<Part>& parts, const TransformerModule& target) {
  at::Tensor out = at::zeros({module.out, module.in}, at::kFloat);
  for (const Part& part : parts) {
    const at::Tensor dense = DenseOf(target.parameters()[part.parameter]);
    if (part.rows.empty()) return dense.clone();
    out.index_copy_(0, at::tensor(part.rows, at::kLong), dense);
  }
  return out;
}

std::string_view TaskType(Task task) {
  switch (task) {
    case Task::kCausalLm:
    case Task::kChat:
    case Task::kPreference:
      return "CAUSAL_LM";
    case Task::kSequenceClassification:
      return "SEQ_CLS";
    case Task::kTokenClassification:
      return "TOKEN_CLS";
    case Task::kEmbedding:
      return "FEATURE_EXTRACTION";
    case Task::kMaskedLm:
    case Task::kTokenizer:
      break;
  }
  return "";
}

adapter::AdapterConfig ConfigOf(const Recipe& recipe, const BaseModel& base, const adapter::BaseModules& modules) {
  const Recipe::Adapter& a = *recipe.adapter;
  adapter::AdapterConfig config;
  config.r = a.r;
  config.alpha = a.alpha;
  config.dropout = a.dropout;
  config.rslora = a.rslora;
  config.dora = a.dora;
  config.modules_to_save = a.modules_to_save;
  config.task_type = TaskType(recipe.task);
  config.base_model = base.files.path;
  if (recipe.task == Task::kSequenceClassification || recipe.task == Task::kTokenClassification) {
    for (const char* name : {"classifier", "score"}) {
      if (std::ranges::find(config.modules_to_save, name) == config.modules_to_save.end()) config.modules_to_save.emplace_back(name);
    }
  }
  // What the base has no weights for is kept with the adapter.
  if (base.fresh_heads && base.spec.encoder) {
    for (const encoder::HeadConfig& head : base.spec.encoder->heads) {
      for (const encoder::HeadTensor& tensor : encoder::DescribeHead(head, base.spec.config)) {
        const std::string name = base.spec.FileName(tensor.name.substr(0, tensor.name.find('|')));
        const std::string module = name.substr(0, name.rfind('.'));
        const bool saved = std::ranges::any_of(config.modules_to_save, [&](const std::string& one) { return module.ends_with(one); });
        if (!saved && !base.files.weights->Find(name)) config.modules_to_save.push_back(module);
      }
    }
  }
  if (a.all_linear) {
    config.targets.names = adapter::AllLinear(modules, config);
  } else if (a.targets_pattern) {
    // One plain name is meant as such: "q_proj" matches no whole name as a pattern.
    const bool plain = a.targets[0].find_first_of("\\^$*+?()[]{}|") == std::string::npos;
    if (plain) {
      config.targets.names = a.targets;
    } else {
      config.targets.regex = a.targets[0];
    }
  } else {
    config.targets.names = a.targets;
  }
  config.fan_in_fan_out = std::ranges::any_of(modules.all(), [](const BaseModule& m) { return m.transposed; });
  return config;
}

// What an adapter of another's may have and is not trained here.
Status CheckStart(const adapter::Adapter& start) {
  auto refuse = [&](std::string_view what) {
    return Unimplemented(StrCat(start.path(), ": ", what, " cannot be trained on"));
  };
  if (start.config().bias != adapter::BiasMode::kNone) return refuse("an adapter with 'bias'");
  if (start.config().lora_bias) return refuse("an adapter with 'lora_bias'");
  if (!start.config().trainable_tokens.empty()) return refuse("an adapter with trainable tokens");
  for (const adapter::ModuleChange& change : start.changes()) {
    if (change.low_rank() && change.module->kind != adapter::ModuleKind::kLinear) return refuse("an adapter of an embedding");
  }
  return {};
}

}  // namespace

void AdapterSet::Add(const std::string& module, std::string_view part, const at::Tensor& value, bool decays) {
  tensors_.push_back({adapter::AdapterKey(module, part), value, decays});
}

Status AdapterSet::Attach(const BaseModule& module, int64_t rank, double scale, const Start* start,
                          uint64_t seed, TransformerModule& target) {
  const std::vector<Part> parts = PartsOf(module, *modules_, target);
  if (parts.empty()) return Unimplemented(StrCat("module '", module.name, "' is no part that can be adapted"));
  auto low_rank = std::make_shared<LowRankModule>();
  low_rank->name = module.name;
  low_rank->scale = scale;
  low_rank->dropout = config_.dropout;
  if (start) {
    low_rank->a = FromView(*start->change->a);
    low_rank->b = FromView(*start->change->b);
    if (start->change->magnitude) low_rank->magnitude = FromView(*start->change->magnitude);
  } else {
    Random random(seed);
    low_rank->a = UniformMatrix(rank, module.in, random);
    low_rank->b = at::zeros({module.out, rank}, at::kFloat);
    if (config_.dora) low_rank->magnitude = WholeMatrix(module, parts, target).norm(2, {1});
  }
  for (at::Tensor* tensor : {&low_rank->a, &low_rank->b, &low_rank->magnitude}) {
    if (tensor->defined()) tensor->requires_grad_(true);
  }
  for (const Part& part : parts) {
    LinearLayer* layer = target.LayerOf(part.parameter);
    PANO_CHECK(layer != nullptr);
    layer->low_rank = low_rank;
    if (!InOrder(part.rows, module.out)) layer->low_rank_rows = at::tensor(part.rows, at::kLong);
  }
  Add(module.name, "lora_A.weight", low_rank->a, true);
  Add(module.name, "lora_B.weight", low_rank->b, true);
  if (low_rank->magnitude.defined()) Add(module.name, "lora_magnitude_vector", low_rank->magnitude, true);
  return {};
}

Status AdapterSet::SaveWhole(const BaseModule& module, const Start* start, TransformerModule& target) {
  bool found = false;
  for (TransformerModule::Parameter& p : target.parameters()) {
    const bool weight = p.name == module.name + ".weight", bias = p.name == module.name + ".bias";
    if (!weight && !bias) continue;
    found = true;
    at::Tensor value = DenseOf(p).clone();
    const tensor::TensorView* view = !start ? nullptr : weight ? start->change->weight : start->change->bias;
    if (view) value.copy_(FromView(*view));
    value.requires_grad_(true);
    p.value = value;
    p.frozen.reset();
    Add(module.name, weight ? "weight" : "bias", value, p.decays && !NameIsUndecayed(p.name));
  }
  if (found) return {};
  return Unimplemented(StrCat("module '", module.name, "' is no part that can be learnt as a whole"));
}

Result<AdapterSet> AdapterSet::Create(const Recipe& recipe, const BaseModel& base,
                                      TransformerModule& module, uint64_t seed) {
  AdapterSet set;
  at::NoGradGuard no_grad;
  PANO_ASSIGN_OR_RETURN(set.modules_, adapter::BaseModules::Of(base.files));
  std::shared_ptr<const adapter::Adapter> from;
  if (!recipe.adapter->from.empty()) {
    PANO_ASSIGN_OR_RETURN(from, adapter::LoadAdapter(ResolvePath(recipe, recipe.adapter->from), set.modules_));
    PANO_RETURN_IF_ERROR(CheckStart(*from));
    set.config_ = from->config();
  } else {
    set.config_ = ConfigOf(recipe, base, *set.modules_);
  }
  auto matcher = adapter::ModuleMatcher::Create(set.config_);
  if (!matcher.ok()) return recipe.Wrong("adapter.targets", matcher.error().message());
  size_t adapted = 0;
  for (const BaseModule& one : set.modules_->all()) {
    Start start{from ? from->Find(one) : nullptr};
    const Start* given = start.change ? &start : nullptr;
    if (matcher->Saved(one.name)) {
      PANO_RETURN_IF_ERROR(set.SaveWhole(one, given, module).Wrap("adapter.modules_to_save"));
      continue;
    }
    PANO_ASSIGN_OR_RETURN(const bool targeted, matcher->Targets(one.name));
    if (!targeted) continue;
    if (one.kind != adapter::ModuleKind::kLinear || one.tied) {
      return recipe.Wrong("adapter.targets", StrCat("'", one.name, "' is no linear layer of its own"));
    }
    PANO_ASSIGN_OR_RETURN(const int64_t rank, matcher->RankOf(one.name));
    PANO_ASSIGN_OR_RETURN(const double scale, matcher->ScaleOf(one.name));
    // Each module has random numbers of its own, whatever else is adapted.
    const uint64_t own = (uint64_t{Philox(seed, adapted, 7)[0]} << 32) | Philox(seed, adapted, 7)[1];
    PANO_RETURN_IF_ERROR(set.Attach(one, rank, scale, given, own, module));
    ++adapted;
  }
  if (adapted == 0 && !from) {
    return recipe.Wrong("adapter.targets", StrCat("no linear layer of ", base.files.path, " is meant"));
  }
  module.BindParameters();
  return set;
}

}  // namespace pano::train
