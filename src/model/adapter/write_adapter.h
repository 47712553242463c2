#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/status.h"
#include "model/adapter/adapter_config.h"
#include "model/adapter/base_modules.h"
#include "model/format/tensor_stream.h"

namespace pano::adapter {

// The key under which a PEFT file holds `part` of a module: "base_model.model.MODULE.PART".
// Parts: "lora_A.weight", "lora_B.weight", "lora_magnitude_vector", "base_layer.bias",
// "weight" and "bias" of modules that are saved whole.
std::string AdapterKey(std::string_view module, std::string_view part);

// Writes adapter_config.json and adapter_model.safetensors into a folder that exists, each in one
// step: what PEFT and LoadAdapter read. The names of `tensors` are whole keys (AdapterKey).
// InvalidArgument for a key that begins otherwise.
Status WriteAdapter(const std::string& folder, const AdapterConfig& config,
                    std::vector<format::TensorStream> tensors, Env& env = Env::Real());

// The linear layers that `target_modules: all-linear` means: all but the head of a language model
// and what the configuration saves whole.
std::vector<std::string> AllLinear(const BaseModules& base, const AdapterConfig& config);

}  // namespace pano::adapter
