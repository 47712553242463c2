#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/adapter/adapter_config.h"
#include "model/adapter/base_modules.h"
#include "model/train/base_model.h"
#include "model/train/trainable.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// A low-rank adapter over a module whose own weights stay as they are (LoRA, Hu et al., 2021; over
// weights of 4 or 8 bits: QLoRA, Dettmers et al., 2023). Its tensors begin as PEFT's do: A uniform
// within 1 / sqrt(in), B zero, or as a PEFT folder has them. Confined to one thread.
class AdapterSet {
 public:
  // Changes the module's layers. Failures are the recipe's, or name the folder of adapter.from.
  static Result<AdapterSet> Create(const Recipe& recipe, const BaseModel& base,
                                   TransformerModule& module, uint64_t seed);

  const adapter::AdapterConfig& config() const { return config_; }
  // By the keys of adapter_model.safetensors.
  const std::vector<Trainable>& tensors() const { return tensors_; }

 private:
  AdapterSet() = default;
  struct Start;  // values of a folder
  Status Attach(const adapter::BaseModule& module, int64_t rank, double scale, const Start* start,
                uint64_t seed, TransformerModule& target);
  Status SaveWhole(const adapter::BaseModule& module, const Start* start,
                   TransformerModule& target);
  void Add(const std::string& module, std::string_view part, const at::Tensor& value, bool decays);

  std::shared_ptr<const adapter::BaseModules> modules_;
  adapter::AdapterConfig config_;
  std::vector<Trainable> tensors_;
};

}  // namespace pano::train
