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

Status WriteJson(const std::string& folder, std::string_view name, const json::Value& value,
                 int indent) {
  json::DumpOptions options;
  options.indent = indent;
  return WriteFile(JoinPath(folder, name), json::Dump(value, options) + "\n");
}

}  // namespace

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
  TransformerModule module(spec, std::nullopt);
  PANO_RETURN_IF_ERROR(LoadStoredWeights(files.weights, module).Wrap(folder));
  return module;
}

}  // namespace pano::train
