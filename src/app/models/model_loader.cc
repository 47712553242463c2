#include "app/models/model_loader.h"

#include <algorithm>
#include <utility>

#include "app/models/generator.h"
#include "app/models/paced/paced_model.h"
#include "app/models/predictor.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/threads.h"
#include "model/adapter/base_modules.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::models {
namespace {

Result<tokenizer::TokenizerPtr> LoadTokenizerIfAny(const format::ModelFiles& files) {
  Result<tokenizer::TokenizerPtr> tokenizer = tokenizer::LoadTokenizer(files);
  if (tokenizer.ok() || tokenizer.error().code() != StatusCode::kNotFound) return tokenizer;
  LogWarning("[models] ", files.path, ": no tokenizer, so only token ids go in and out");
  return tokenizer::TokenizerPtr();
}

// No token stands for more bytes than the longest entry of the vocabulary; four times that leaves
// room for what normalizers take away (runs of white space, in practice).
size_t TextBytesMax(const tokenizer::Tokenizer& tokenizer, int64_t context_length) {
  size_t longest = 1;
  for (tokenizer::TokenId id = 0; id < tokenizer.vocab_size(); ++id) {
    longest = std::max({longest, tokenizer.Piece(id).size(), tokenizer.Bytes(id).size()});
  }
  return 4 * longest * static_cast<size_t>(context_length);
}

std::shared_ptr<ModelVersion> MakeVersion(const format::ModelFiles& files) {
  if (encoder::IsEncoder(files)) return std::make_shared<Predictor>();
  return std::make_shared<Generator>();
}

}  // namespace

Result<ModelVersionPtr> LoadModelVersion(const ModelSource& source, const VersionSource& at,
                                         std::string label, const LoadSettings& settings,
                                         ComputePool& pool, const ObserverFactory& observers) {
  const uint64_t opened_before = MappedFile::OpenedCount();
  PANO_ASSIGN_OR_RETURN(format::ModelFiles files, format::OpenModel(at.path));
  std::shared_ptr<ModelVersion> version = MakeVersion(files);
  version->id = source.id;
  version->version = at.version;
  version->label = std::move(label);
  version->path = at.path;
  version->facts = FactsOf(files);
  version->created = Clock::Real().UnixSeconds();
  PANO_ASSIGN_OR_RETURN(version->tokenizer, LoadTokenizerIfAny(files));
  engine::Observer observer = observers ? observers(version->label) : engine::Observer();
  if (auto modules = adapter::BaseModules::Of(files); modules.ok()) {
    version->modules = std::move(modules).value();
  } else {
    version->no_modules = modules.error();
  }
  Status started = version->Start(files, settings, pool, std::move(observer));
  version->weight_bytes = files.weights->FileBytes();
  version->mapped_files = MappedFile::OpenedAfter(opened_before);
  if (started.ok()) started = version->CheckFiles();
  if (!started.ok()) {
    if (settings.memory) settings.memory->Release(version->state_bytes);
    return started;
  }
  if (version->tokenizer && version->context_length > 0) {
    version->text_bytes_max = TextBytesMax(*version->tokenizer, version->context_length);
  }
  return ModelVersionPtr(std::move(version));
}

Result<std::vector<ModelVersionPtr>> LoadModelVersions(const ModelSource& source,
                                                       const LoadSettings& settings,
                                                       ComputePool& pool,
                                                       const ObserverFactory& observers) {
  if (IsPacedPath(source.path)) {
    Result<ModelVersionPtr> paced = MakePacedModel(source);
    if (!paced.ok()) return paced.error().Wrap(StrCat("model '", source.id, "'"));
    return std::vector<ModelVersionPtr>{std::move(paced).value()};
  }
  PANO_ASSIGN_OR_RETURN(std::vector<VersionSource> versions, ListVersions(source.path));
  std::vector<ModelVersionPtr> loaded;
  for (const VersionSource& at : versions) {
    std::string label = versions.size() == 1 ? source.id : StrCat(source.id, "@", at.version);
    Result<ModelVersionPtr> version =
        LoadModelVersion(source, at, std::move(label), settings, pool, observers);
    if (!version.ok()) return version.error().Wrap(StrCat("model '", source.id, "'"));
    loaded.push_back(std::move(version).value());
  }
  return loaded;
}

}  // namespace pano::models
