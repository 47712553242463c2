#include "pano/local_model.h"

#include <unistd.h>

#include <iostream>
#include <iterator>

#include "base/env.h"
#include "base/strings.h"
#include "model/adapter/bind/bind_adapter.h"
#include "model/engine/options.h"
#include "model/nn/encoder/encoder.h"
#include "model/tokenizer/formats/load.h"
#include "model/tokenizer/tokenizer.h"
#include "pano/model_path.h"

namespace pano::cli {

std::optional<nn::KvType> KvTypeByName(std::string_view name) {
  if (name == "f32") return nn::KvType::kF32;
  if (name == "f16") return nn::KvType::kF16;
  if (name == "int8") return nn::KvType::kInt8;
  return std::nullopt;
}

void ArithmeticOptions::Declare(OptionSet& options) {
  options.Choice("compute", &compute, {"f32", "fast"},
                 "Arithmetic: f32 dequantises weights; fast multiplies quantised activations.");
  options.Choice("kv-type", &kv_type, kKvTypes, "Type in which keys and values are cached.");
}

nn::LoadOptions ArithmeticOptions::LoadOptions() const {
  nn::LoadOptions load;
  load.compute = compute == "f32" ? nn::Compute::kF32 : nn::Compute::kFast;
  load.kv_type = KvTypeByName(kv_type);
  return load;
}

void SpeculationSettings::Declare(OptionSet& options) {
  options.String(
      "speculate", &speculate,
      "Draft tokens ahead of each sequence that one step verifies; the text stays the same. "
      "auto drafts where it pays.",
      "auto|off|N");
  options.String(
      "draft-model", &draft_model,
      "Smaller model of the same vocabulary that drafts tokens. Without it, drafts come from the "
      "text itself (n-grams).",
      "PATH");
}

Result<engine::SpeculationOptions> SpeculationSettings::Options() const {
  engine::SpeculationOptions out;
  if (speculate == "auto") return out;
  std::optional<int64_t> count = ParseInt(speculate);
  // YAML's own words for it, too.
  if (speculate == "off" || speculate == "false") count = 0;
  if (!count || *count < 0 || *count > engine::kDraftTokensMax) {
    return InvalidArgument(StrCat("--speculate: must be auto, off or a number up to ",
                                  engine::kDraftTokensMax, ", not '", Printable(speculate), "'"));
  }
  out.draft_tokens = *count;
  return out;
}

void LocalModelOptions::Declare(OptionSet& options) {
  options.String("model", &path, "Model folder, .gguf file or hf:ORG/NAME. Default: the starter model.", "PATH");
  options.Int("threads", &threads, 0, 1024, "Compute threads; 0 takes one per core.");
  arithmetic.Declare(options);
}

void LocalModelOptions::DeclareAdapter(OptionSet& options) {
  options.String("adapter", &adapter,
                 "Folder of a low-rank adapter as PEFT saves it, to compute with beside the model's "
                 "weights.",
                 "DIR");
}

std::string BinaryFolder() {
  std::string path(4096, '\0');
  ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(length > 0 ? static_cast<size_t>(length) : 0);
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

Result<std::string> FindStarterModel() {
  std::string named = EnvironmentVariable("PANO_STARTER");
  if (!named.empty()) return named;
  std::string folder = BinaryFolder();
  // build/release/bin/pano in a checkout, bin/pano with share/panorama when installed.
  for (const char* up :
       {"../../../models/starter", "../share/panorama/models/starter", "models/starter"}) {
    std::string candidate = JoinPath(folder, up);
    if (FileExists(JoinPath(candidate, "config.json"))) return candidate;
  }
  return NotFound("no --model given and the starter model (models/starter) was not found");
}

Result<format::ModelFiles> OpenLocalModel(const LocalModelOptions& options) {
  std::string path = options.path;
  if (path.empty()) {
    PANO_ASSIGN_OR_RETURN(path, FindStarterModel());
  }
  PANO_ASSIGN_OR_RETURN(path, ResolveModel(path));
  return format::OpenModel(path);
}

Result<LocalModel> LoadLocalModel(const LocalModelOptions& options) {
  LocalModel local;
  local.pool = std::make_unique<ComputePool>(static_cast<int>(options.threads));
  PANO_ASSIGN_OR_RETURN(local.files, OpenLocalModel(options));
  if (encoder::IsEncoder(local.files)) {
    return Unimplemented(
        StrCat(local.files.path, ": is an encoder and writes no text; see pano eval --inputs"));
  }
  PANO_ASSIGN_OR_RETURN(local.model,
                        nn::LoadModel(local.files, options.arithmetic.LoadOptions(), *local.pool));
  PANO_ASSIGN_OR_RETURN(local.adapter,
                        LoadLocalAdapter(options.adapter, local.files,
                                         options.arithmetic.LoadOptions().compute, *local.model));
  auto tokenizer = tokenizer::LoadTokenizer(local.files);
  if (tokenizer.ok()) {
    local.tokenizer = *tokenizer;
  } else if (tokenizer.error().code() != StatusCode::kNotFound) {
    return tokenizer.error();
  }
  return local;
}

namespace {

template <typename Model>
Result<std::shared_ptr<const nn::BoundAdapter>> LoadAdapterOf(const std::string& path,
                                                              const format::ModelFiles& files,
                                                              nn::Compute compute,
                                                              const Model& model) {
  if (path.empty()) return std::shared_ptr<const nn::BoundAdapter>();
  PANO_ASSIGN_OR_RETURN(const std::shared_ptr<const adapter::BaseModules> modules,
                        adapter::BaseModules::Of(files));
  return adapter::LoadBoundAdapter(path, modules, model,
                                   {.bind = {.halves = compute == nn::Compute::kFast}});
}

}  // namespace

Result<std::shared_ptr<const nn::BoundAdapter>> LoadLocalAdapter(const std::string& path,
                                                                 const format::ModelFiles& files,
                                                                 nn::Compute compute,
                                                                 const nn::Model& model) {
  return LoadAdapterOf(path, files, compute, model).Wrap("--adapter");
}

Result<std::shared_ptr<const nn::BoundAdapter>> LoadLocalAdapter(const std::string& path,
                                                                 const format::ModelFiles& files,
                                                                 nn::Compute compute,
                                                                 const encoder::Encoder& encoder) {
  return LoadAdapterOf(path, files, compute, encoder).Wrap("--adapter");
}

Result<std::unique_ptr<nn::Model>> LoadDraftModel(const std::string& path,
                                                  const nn::LoadOptions& load, ComputePool& pool) {
  Result<std::string> local = ResolveModel(path);
  if (!local.ok()) return local.error().Wrap("--draft-model");
  Result<format::ModelFiles> files = format::OpenModel(*local);
  if (!files.ok()) return files.error().Wrap("--draft-model");
  if (encoder::IsEncoder(*files)) {
    return InvalidArgument(
        StrCat("--draft-model ", Printable(path), ": is an encoder and writes no text"));
  }
  return nn::LoadModel(*files, load, pool).Wrap("--draft-model");
}

Result<std::string> TextOrStdin(const std::string& value) {
  if (value != "-") return value;
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

}  // namespace pano::cli
