#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "infra/planner/workload.h"
#include "model/format/fwd.h"
#include "model/nn/model_config.h"

namespace pano::workload {

// The decoder's tensors, from the one inventory (nn::DescribeTensors), its state and sizes as a description for plans.
Result<planner::WorkloadSpec> FromDecoder(const nn::ModelConfig& config);

// What is described: a model folder or file with its weights; a folder or file with config.json alone; or a shape. A
// failure names the file and the field, as of nn::ReadFamilyConfig; NotFound where nothing stands there.
Result<planner::WorkloadSpec> ReadWorkload(const std::string& path_or_shape);

// From files that are open, or from a configuration without weights.
Result<planner::WorkloadSpec> FromFiles(const format::ModelFiles& files);
Result<planner::WorkloadSpec> FromConfig(const json::Value& config, const std::string& source);

// "7B": a dense decoder of that many parameters, roughly; or
// "layers=32,hidden=4096,heads=32[,kv-heads=8][,ffn=14336][,vocab=128256][,context=8192][,experts=8,experts-used=2]". As config.json of
// the family llama or mixtral. InvalidArgument that names the part.
bool LooksLikeShape(std::string_view text);
Result<json::Value> ShapeConfig(std::string_view text);

// "bf16", "q4_k", "fp8": every type that files hold (tensor::DTypeByName), and fp8, int8. InvalidArgument with what there is.
Result<planner::StorageType> StorageTypeByName(std::string_view name);

}  // namespace pano::workload
