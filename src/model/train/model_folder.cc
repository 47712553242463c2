#include "model/train/model_folder.h"

#include <ATen/core/Tensor.h>

#include "base/env.h"
#include "base/json.h"
#include "base/strings.h"
#include "model/format/weights.h"
#include "model/train/module_weights.h"

namespace pano::train {
namespace {

at::ScalarType ScalarType(const std::string& dtype) {
  if (dtype == "float16") return at::kHalf;
  return dtype == "bfloat16" ? at::kBFloat16 : at::kFloat;
}

json::Value GenerationConfigJson(const LmRecipe& recipe) {
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

Status WriteModelFolder(const std::string& folder, const TransformerModule& module,
                        const BpeVocabulary& vocabulary, const LmRecipe& recipe) {
  json::Value ends;
  for (const char* key : {"bos_token_id", "eos_token_id"}) ends.Set(key, int64_t{kEndTokenId});
  PANO_RETURN_IF_ERROR(WriteWeights(folder, module, recipe.dtype, ends));
  PANO_RETURN_IF_ERROR(WriteJson(folder, "tokenizer.json", TokenizerJson(vocabulary), 1));
  PANO_RETURN_IF_ERROR(WriteJson(folder, "tokenizer_config.json",
                                 TokenizerConfigJson(module.config().context_length), 2));
  return WriteJson(folder, "generation_config.json", GenerationConfigJson(recipe), 2);
}

Status WriteWeights(const std::string& folder, const TransformerModule& module,
                    const std::string& dtype, const json::Value& more) {
  json::Value config = module.spec().hf_config;
  if (more.is_object()) {
    for (const auto& [key, value] : more.as_object()) config.Set(key, value);
  }
  config.Set(config.Find("dtype") ? "dtype" : "torch_dtype", dtype);
  PANO_RETURN_IF_ERROR(SaveTensors(JoinPath(folder, "model.safetensors"),
                                   StoredWeights(module, ScalarType(dtype)), {{"format", "pt"}}));
  return WriteJson(folder, "config.json", config, 2);
}

Result<TransformerModule> ReadModelFolder(const std::string& folder) {
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(folder));
  PANO_ASSIGN_OR_RETURN(const ModelSpec spec, ReadModelSpec(files));
  TransformerModule module(spec, 0);
  PANO_RETURN_IF_ERROR(LoadStoredWeights(*files.weights, module).Wrap(folder));
  return module;
}

}  // namespace pano::train
