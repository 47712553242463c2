#include "app/models/adapter_version.h"

#include <map>
#include <memory>
#include <vector>
#include <utility>

#include "app/models/generator.h"
#include "app/models/model_host.h"
#include "app/models/predictor.h"
#include "base/clock.h"
#include "base/strings.h"
#include "model/adapter/bind/bind_adapter.h"
#include "model/engine/engine.h"

namespace pano::models {
namespace {

// Reads and binds the adapter of `source` for what `base` computes with.
template <typename Model>
Result<std::shared_ptr<const nn::BoundAdapter>> Bind(const AdapterSource& source, const ModelVersion& base,
                                                     const Model& model, nn::Compute compute,
                                                     const MemoryBudget* memory) {
  adapter::LoadOptions options{.bind = {.halves = compute == nn::Compute::kFast}, .bytes_left = UINT64_MAX};
  if (memory) options.bytes_left = memory->BytesLeft();
  return adapter::LoadBoundAdapter(source.path, base.modules, model, options);
}

// What all of an adapter's versions take from their base.
void TakeFromBase(const ModelVersion& base, const AdapterSource& source,
                  const nn::BoundAdapter& adapter, ModelVersion& version) {
  version.id = source.id;
  version.version = base.version;  // each version of the base has its own
  version.label = base.label == base.id ? version.id : version.FullName();
  version.path = source.path;
  version.parent = base.id;
  version.facts = base.facts;
  version.created = Clock::Real().UnixSeconds();
  version.weight_bytes = adapter.weights.bytes();
  version.vocab_size = base.vocab_size;
  version.context_length = base.context_length;
  version.text_bytes_max = base.text_bytes_max;
  version.tokenizer = base.tokenizer;
  version.chat_template = base.chat_template;
  version.tool_template = base.tool_template;
  version.tool_format = base.tool_format;
  version.tool_template_format = base.tool_template_format;
  version.mapped_files = base.mapped_files;
  version.chat_template_error = base.chat_template_error;
}

}  // namespace

Result<AdapterSource> ParseAdapterSource(std::string_view argument) {
  const size_t at = argument.find('=');
  const std::string_view id = argument.substr(0, at);
  if (at == std::string_view::npos || at + 1 == argument.size() || !IsModelId(id)) {
    return InvalidArgument(StrCat("'", Printable(argument),
                                  "' is not ID=PATH: an id is A-Z a-z 0-9 . _ - in one to three "
                                  "parts joined by '/', a path is the adapter's folder"));
  }
  return AdapterSource{std::string(id), std::string(argument.substr(at + 1))};
}

Result<ModelVersionPtr> LoadAdapterVersion(const AdapterSource& source, const ModelVersionPtr& base,
                                           const MemoryBudget* memory) {
  const Generator* generator = base->AsGenerator();
  const Predictor* predictor = base->AsPredictor();
  if (generator ? !generator->model : !predictor || !predictor->encoder) {
    return InvalidArgument(StrCat("'", base->id, "' has no weights that an adapter could change"));
  }
  if (!base->modules) return base->no_modules.Wrap(StrCat("'", base->id, "' takes no adapters"));
  if (generator) {
    auto version = std::make_shared<Generator>();
    PANO_ASSIGN_OR_RETURN(version->adapter,
                          Bind(source, *base, *generator->model, generator->compute, memory));
    TakeFromBase(*base, source, *version->adapter, *version);
    version->grammars = generator->grammars;
    version->chat_grammars = generator->chat_grammars;
    version->defaults = generator->defaults;
    version->engine = generator->engine;
    version->base = GeneratorPtr(base, generator);
    return ModelVersionPtr(std::move(version));
  }
  auto version = std::make_shared<Predictor>();
  PANO_ASSIGN_OR_RETURN(version->adapter,
                        Bind(source, *base, *predictor->encoder, predictor->compute, memory));
  TakeFromBase(*base, source, *version->adapter, *version);
  version->predictor = predictor->predictor;
  version->base = PredictorPtr(base, predictor);
  return ModelVersionPtr(std::move(version));
}

ModelVersionPtr BaseOf(const ModelVersion& adapter) {
  if (const Generator* generator = adapter.AsGenerator()) return generator->base.lock();
  if (const Predictor* predictor = adapter.AsPredictor()) return predictor->base.lock();
  return nullptr;
}

Result<ModelVersionPtr> BaseOfAdapter(const AdapterSource& source, const ModelHost& host) {
  std::map<std::string, ModelVersionPtr> bases;  // the highest of each id
  for (const ModelVersionPtr& version : host.List()) {
    if (version->parent.empty()) bases[version->id] = version;
  }
  if (bases.size() == 1) return bases.begin()->second;
  PANO_ASSIGN_OR_RETURN(const adapter::AdapterConfig config,
                        adapter::ReadAdapterConfig(source.path));
  const std::string& named = config.base_model;
  const std::string last = named.substr(named.find_last_of('/') + 1);
  std::vector<ModelVersionPtr> fits;
  for (const auto& [id, version] : bases) {
    if (!named.empty() && (named == version->path || named == id || last == id)) fits.push_back(version);
  }
  if (fits.size() == 1) return fits.front();
  return InvalidArgument(StrCat(
      bases.size(), " models are served, and the adapter's configuration names '", Printable(named),
      "', which is ", fits.empty() ? "none" : "several",
      " of them: name it in the model.yaml of its model (docs/adapters.md), or serve that alone"));
}

Status BaseIsGone(const ModelVersion& adapter) {
  return Status(StatusCode::kUnavailable,
                StrCat("the model that '", adapter.id, "' changes is not loaded any more"))
      .WithReason("model_not_loaded")
      .WithField("model");
}

}  // namespace pano::models
