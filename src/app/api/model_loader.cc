#include "app/api/model_loader.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "app/api/model_host.h"
#include "base/clock.h"
#include "base/env.h"
#include "base/log.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/nn/encoder/encoder.h"
#include "model/tokenizer/formats/load.h"

namespace pano::api {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 18 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "models/x" for "models/x", "models/x/" and, run inside it, ".".
std::string NameOf(const std::string& path) {
  std::string_view base = BaseName(path);
  if (base != "." && base != "..") return std::string(IsDirectory(path) ? base : Stem(path));
  std::error_code error;
  std::filesystem::path whole = std::filesystem::canonical(path, error);
  return error ? std::string(base) : whole.filename().string();
}

// A version's folder as OpenModel takes it.
std::string ModelPathIn(const std::string& folder) {
  if (FileExists(JoinPath(folder, "config.json"))) return folder;
  std::string found;
  Result<std::vector<std::string>> names = ListDirectory(folder);
  if (!names.ok()) return folder;
  for (const std::string& name : *names) {
    if (!name.ends_with(".gguf")) continue;
    if (!found.empty()) return folder;  // which one? OpenModel says what is wrong
    found = JoinPath(folder, name);
  }
  return found.empty() ? folder : found;
}

Result<tokenizer::TokenizerPtr> LoadTokenizerIfAny(const format::ModelFiles& files) {
  Result<tokenizer::TokenizerPtr> tokenizer = tokenizer::LoadTokenizer(files);
  if (tokenizer.ok() || tokenizer.error().code() != StatusCode::kNotFound) return tokenizer;
  LogWarning("[models] ", files.path, ": no tokenizer, so only token ids go in and out");
  return tokenizer::TokenizerPtr();
}

void LoadChatTemplate(const format::ModelFiles& files, ModelVersion& version) {
  if (files.chat_template.empty()) return;
  Result<jinja::ChatTemplatePtr> parsed = jinja::ChatTemplate::Parse(files.chat_template);
  if (parsed.ok()) {
    version.chat_template = std::move(parsed).value();
    return;
  }
  version.chat_template_error = parsed.error().message();
  LogWarning("[models] ", files.path,
             ": chat is refused, its template does not parse: ", version.chat_template_error);
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

engine::Options EngineOptions(const engine::Options& base, const format::ModelFiles& files,
                              const ModelVersion& version) {
  engine::Options options = base;
  nn::SpecialTokens special = nn::ReadSpecialTokens(files);
  options.end_token_ids = std::move(special.end);
  options.begin_token_id = special.begin;
  if (version.tokenizer) {
    std::optional<tokenizer::TokenId> eos = version.tokenizer->eos();
    if (options.end_token_ids.empty() && eos) options.end_token_ids.push_back(*eos);
    if (!options.begin_token_id) options.begin_token_id = version.tokenizer->bos();
  }
  options.cache_namespace = version.FullName();
  return options;
}

// A copy for each version: a model is stepped by one engine only.
Status LoadDraftModel(const LoadSettings& settings, ComputePool& pool, ModelVersion& version) {
  if (settings.draft_model.empty() || settings.engine.speculation.draft_tokens == 0) return {};
  Result<format::ModelFiles> files = format::OpenModel(settings.draft_model);
  if (!files.ok()) return files.error().Wrap("draft model");
  if (encoder::IsEncoder(*files)) {
    return InvalidArgument(
        StrCat("draft model ", files->path, ": is an encoder, it writes no text"));
  }
  Result<std::unique_ptr<nn::Model>> model = nn::LoadModel(*files, settings.load, pool);
  if (!model.ok()) return model.error().Wrap("draft model");
  version.draft_model = std::move(model).value();
  return {};
}

Status LoadEngine(const format::ModelFiles& files, const LoadSettings& settings, ComputePool& pool,
                  engine::Observer observer, ModelVersion& version) {
  LoadChatTemplate(files, version);
  version.defaults = nn::ReadGenerationDefaults(files);
  PANO_ASSIGN_OR_RETURN(version.model, nn::LoadModel(files, settings.load, pool));
  version.vocab_size = version.model->vocab_size();
  PANO_RETURN_IF_ERROR(LoadDraftModel(settings, pool, version));
  engine::Options options = EngineOptions(settings.engine, files, version);
  options.speculation.draft_model = version.draft_model.get();
  PANO_ASSIGN_OR_RETURN(version.engine,
                        engine::Engine::Create(*version.model, version.tokenizer, pool,
                                               std::move(options), std::move(observer)));
  version.context_length = version.engine->context_max();
  int64_t wanted = settings.engine.context_max > 0
                       ? std::min(settings.engine.context_max, version.model->context_length())
                       : version.model->context_length();
  if (version.context_length < wanted) {
    LogWarning("[models] ", version.FullName(), ": the KV memory holds ", version.context_length,
               " positions, not ", wanted);
  }
  return OkStatus();
}

Status LoadPredictor(const format::ModelFiles& files, const LoadSettings& settings,
                     ComputePool& pool, engine::Observer observer, ModelVersion& version) {
  PANO_ASSIGN_OR_RETURN(std::unique_ptr<encoder::Encoder> encoder,
                        encoder::LoadEncoder(files, settings.load, pool));
  batch::PredictorOptions options = settings.predictor;
  if (encoder->info().text) {
    const encoder::TextInput& text = *encoder->info().text;
    version.vocab_size = text.vocab_size;
    version.context_length = text.max_length;
    int64_t most = settings.engine.context_max;
    if (most > 0) version.context_length = std::min(most, text.max_length);
    options.limits.length_max = version.context_length;
  }
  PANO_ASSIGN_OR_RETURN(version.predictor,
                        batch::Predictor::Create(std::move(encoder), options, observer.serving));
  return OkStatus();
}

Result<ModelVersionPtr> LoadOne(const ModelSource& source, const VersionSource& at,
                                std::string label, const LoadSettings& settings, ComputePool& pool,
                                const ObserverFactory& observers) {
  PANO_ASSIGN_OR_RETURN(format::ModelFiles files, format::OpenModel(at.path));
  auto version = std::make_shared<ModelVersion>();
  version->id = source.id;
  version->version = at.version;
  version->label = std::move(label);
  version->path = at.path;
  version->created = Clock::Real().UnixSeconds();
  PANO_ASSIGN_OR_RETURN(version->tokenizer, LoadTokenizerIfAny(files));
  engine::Observer observer = observers ? observers(version->label) : engine::Observer();
  auto load = encoder::IsEncoder(files) ? LoadPredictor : LoadEngine;
  PANO_RETURN_IF_ERROR(load(files, settings, pool, std::move(observer), *version));
  if (version->tokenizer && version->context_length > 0) {
    version->text_bytes_max = TextBytesMax(*version->tokenizer, version->context_length);
  }
  return ModelVersionPtr(std::move(version));
}

}  // namespace

Result<ModelSource> ParseModelSource(std::string_view argument) {
  size_t equals = argument.find('=');
  ModelSource source;
  if (equals != std::string_view::npos && IsModelId(argument.substr(0, equals))) {
    source.id = std::string(argument.substr(0, equals));
    source.path = std::string(argument.substr(equals + 1));
  } else {
    source.path = std::string(argument);
    source.id = NameOf(source.path);
  }
  if (source.path.empty()) return InvalidArgument("--model: the path is missing");
  if (!IsModelId(source.id)) {
    return InvalidArgument(StrCat("--model ", Printable(argument), ": '", Printable(source.id),
                                  "' cannot be a model's id; name it: --model ID=PATH, where ID is "
                                  "1 to 64 of A-Z a-z 0-9 . _ -"));
  }
  return source;
}

Result<std::vector<VersionSource>> ListVersions(const std::string& path) {
  std::vector<VersionSource> versions;
  if (IsDirectory(path) && !FileExists(JoinPath(path, "config.json"))) {
    PANO_ASSIGN_OR_RETURN(std::vector<std::string> names, ListDirectory(path));
    for (const std::string& name : names) {
      std::string folder = JoinPath(path, name);
      if (IsNumber(name) && IsDirectory(folder)) versions.push_back({name, ModelPathIn(folder)});
    }
  }
  if (versions.empty()) versions.push_back({"1", path});
  std::sort(versions.begin(), versions.end(), [](const VersionSource& a, const VersionSource& b) {
    return *ParseInt(a.version) < *ParseInt(b.version);
  });
  return versions;
}

Result<std::vector<ModelVersionPtr>> LoadModelVersions(const ModelSource& source,
                                                       const LoadSettings& settings,
                                                       ComputePool& pool,
                                                       const ObserverFactory& observers) {
  PANO_ASSIGN_OR_RETURN(std::vector<VersionSource> versions, ListVersions(source.path));
  std::vector<ModelVersionPtr> loaded;
  for (const VersionSource& at : versions) {
    std::string label = versions.size() == 1 ? source.id : StrCat(source.id, "@", at.version);
    Result<ModelVersionPtr> version =
        LoadOne(source, at, std::move(label), settings, pool, observers);
    if (!version.ok()) return version.error().Wrap(StrCat("model '", source.id, "'"));
    loaded.push_back(std::move(version).value());
  }
  return loaded;
}

}  // namespace pano::api
