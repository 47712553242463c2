#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/random.h"
#include "base/result.h"
#include "model/adapter/base_modules.h"
#include "model/adapter/write_adapter.h"
#include "model/format/weights.h"

namespace pano::adapter::testing {

// Writes the PEFT folder of an adapter with random pairs for the modules of the model at `base` whose
// names end with one of `targets`. The same seed, the same adapter.
inline Status WriteDrawnAdapter(const std::string& folder, const std::string& base, int64_t rank,
                                uint64_t seed, std::vector<std::string> targets) {
  PANO_ASSIGN_OR_RETURN(const format::ModelFiles files, format::OpenModel(base));
  PANO_ASSIGN_OR_RETURN(const std::shared_ptr<const BaseModules> modules, BaseModules::Of(files));
  AdapterConfig config;
  config.r = rank;
  config.alpha = static_cast<double>(2 * rank);
  config.targets.names = std::move(targets);
  config.task_type = "CAUSAL_LM";
  config.base_model = base;
  Random random(seed);
  std::vector<format::TensorStream> tensors;
  auto add = [&](const std::string& module, const char* part, int64_t rows, int64_t columns) {
    auto values = std::make_shared<std::vector<float>>(static_cast<size_t>(rows * columns));
    for (float& v : *values) {
      v = static_cast<float>(random.Normal() / std::sqrt(static_cast<double>(columns)));
    }
    tensors.push_back({AdapterKey(module, part), tensor::DType::kF32, {rows, columns},
                       [values](const format::ByteSink& sink) {
                         return sink(std::as_bytes(std::span(*values)));
                       }});
  };
  for (const BaseModule& module : modules->all()) {
    if (module.kind != ModuleKind::kLinear) continue;
    for (const std::string& target : config.targets.names) {
      if (!module.name.ends_with("." + target)) continue;
      add(module.name, "lora_A.weight", rank, module.in);
      add(module.name, "lora_B.weight", module.out, rank);
    }
  }
  PANO_RETURN_IF_ERROR(Env::Real().MakeFolder(folder));
  return WriteAdapter(folder, config, std::move(tensors));
}

}  // namespace pano::adapter::testing
