#include "app/models/adapter_version.h"

#include <map>
#include <memory>
#include <vector>
#include <utility>

#include "app/models/generator.h"
#include "app/models/model_host.h"
#include "app/models/predictor.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "base/process_limits.h"
#include "base/strings.h"
#include "model/adapter/bind/bind_adapter.h"
#include "model/engine/engine.h"

namespace pano::models {
namespace {

// A file that is cut short while it is mapped reads as zeros (MappedFile::SurviveFaults): what was bound of it then is
// not the adapter.
Status CheckWhole(const AdapterSource& source, const Result<uint64_t>& bytes_before) {
  const Result<uint64_t> bytes = adapter::BoundBytes(source.path);
  if (bytes.ok() && bytes_before.ok() && *bytes == *bytes_before) return {};
  return Corruption(StrCat(JoinPath(source.path, std::string(adapter::kWeightsFile)),
                           ": changed while it was read; write it elsewhere and rename it here"));
}

// Before a byte of it is read.
Status CheckMemory(const AdapterSource& source, const Result<uint64_t>& bytes, const MemoryBudget* memory) {
  const std::string file = JoinPath(source.path, std::string(adapter::kWeightsFile));
  if (!bytes.ok() && bytes.error().code() == StatusCode::kNotFound) return {};  // LoadAdapter says what to do
  if (!bytes.ok()) return bytes.error().Wrap(file);
  const uint64_t left = memory ? memory->BytesLeft() : UINT64_MAX;
  // The file is mapped while it is copied.
  if (*bytes <= left / 2) return {};
  return Status(StatusCode::kExhausted,
                StrCat(file, ": takes twice its ", FormatBytes(*bytes), " while it is loaded, and ",
                       FormatBytes(left), " of memory are left"));
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
  const Result<uint64_t> bytes = adapter::BoundBytes(source.path);
  PANO_RETURN_IF_ERROR(CheckMemory(source, bytes, memory));
  if (!base->modules) return base->no_modules.Wrap(StrCat("'", base->id, "' takes no adapters"));
  PANO_ASSIGN_OR_RETURN(const std::shared_ptr<const adapter::Adapter> read,
                        adapter::LoadAdapter(source.path, base->modules));
  const nn::Compute compute = generator ? generator->compute : predictor->compute;
  const adapter::BindOptions bind{.halves = compute == nn::Compute::kFast};
  if (generator) {
    auto version = std::make_shared<Generator>();
    PANO_ASSIGN_OR_RETURN(version->adapter, adapter::BindAdapter(*read, *generator->model, bind));
    PANO_RETURN_IF_ERROR(CheckWhole(source, bytes));
    TakeFromBase(*base, source, *version->adapter, *version);
    version->grammars = generator->grammars;
    version->chat_grammars = generator->chat_grammars;
    version->defaults = generator->defaults;
    version->engine = generator->engine;
    version->base = GeneratorPtr(base, generator);
    return ModelVersionPtr(std::move(version));
  }
  auto version = std::make_shared<Predictor>();
  PANO_ASSIGN_OR_RETURN(version->adapter, adapter::BindAdapter(*read, *predictor->encoder, bind));
  PANO_RETURN_IF_ERROR(CheckWhole(source, bytes));
  TakeFromBase(*base, source, *version->adapter, *version);
  version->predictor = predictor->predictor;
  version->base = PredictorPtr(base, predictor);
  return ModelVersionPtr(std::move(version));
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
                StrCat("the model '", adapter.parent, "', which '", adapter.id,
                       "' changes, is not loaded any more"))
      .WithReason("model_not_loaded")
      .WithField("model");
}

}  // namespace pano::models
