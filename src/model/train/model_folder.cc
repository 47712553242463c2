#include "model/train/model_folder.h"

#include <map>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/train/checkpoint.h"
#include "model/train/tensor_file.h"

namespace pano::train {
namespace {

at::ScalarType ScalarType(const std::string& dtype) {
  if (dtype == "float16") return at::kHalf;
  return dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
}

json::Value GenerationConfigJson(const Recipe& recipe) {
  json::Value out;
  out.Set("bos_token_id", int64_t{kEndTokenId});
  out.Set("eos_token_id", int64_t{kEndTokenId});
  out.Set("do_sample", true);
  out.Set("temperature", recipe.samples.temperature);
  out.Set("top_p", recipe.samples.top_p);
  return out;
}

Status WriteJson(const std::string& folder, std::string_view name, const json::Value& value,
                 int indent) {
  json::DumpOptions options;
  options.indent = indent;
  return WriteFile(JoinPath(folder, name), json::Dump(value, options) + "\n");
}

}  // namespace

Status WriteModelFolder(const std::string& folder, const LlamaModule& module,
                        const BpeVocabulary& vocabulary, const Recipe& recipe) {
  LlamaModule stored = module.Converted(ScalarType(recipe.dtype));
  NamedTensors tensors;
  for (const LlamaModule::Parameter& p : stored.parameters()) tensors.emplace_back(p.name, p.value);
  PANO_RETURN_IF_ERROR(
      SaveTensors(JoinPath(folder, "model.safetensors"), tensors, {{"format", "pt"}}));
  PANO_RETURN_IF_ERROR(
      WriteJson(folder, "config.json", ConfigJson(module.config(), recipe.dtype), 2));
  PANO_RETURN_IF_ERROR(WriteJson(folder, "tokenizer.json", TokenizerJson(vocabulary), 1));
  PANO_RETURN_IF_ERROR(WriteJson(folder, "tokenizer_config.json",
                                 TokenizerConfigJson(module.config().context_length), 2));
  return WriteJson(folder, "generation_config.json", GenerationConfigJson(recipe), 2);
}

Result<LlamaModule> ReadModelFolder(const std::string& folder) {
  std::string path = JoinPath(folder, "config.json");
  PANO_ASSIGN_OR_RETURN(std::string text, ReadFile(path, 1 << 20));
  PANO_ASSIGN_OR_RETURN(json::Value json, json::Parse(text).Wrap(path));
  PANO_ASSIGN_OR_RETURN(LlamaConfig config, ParseConfigJson(json).Wrap(path));
  LlamaModule module(config, 0);
  PANO_RETURN_IF_ERROR(LoadWeights(JoinPath(folder, "model.safetensors"), module));
  return module;
}

}  // namespace pano::train
