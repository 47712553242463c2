#pragma once

#include <memory>
#include <optional>

#include "base/fwd.h"
#include "base/result.h"
#include "infra/collective/communicator.h"
#include "infra/device/device.h"
#include "model/format/fwd.h"
#include "model/nn/model.h"
#include "model/nn/weights/packing.h"

namespace pano::nn {

struct LoadOptions {
  Compute compute = Compute::kFast;
  // None: f32 for a model whose weights are F32 and in f32 mode, else f16.
  std::optional<KvType> kv_type = {};
  // Told about weights that are laid out anew, which takes seconds for large files.
  PackProgress progress = {};
  // Of several ranks: the model is this rank's part (tensor_parallel.h), and its passes are
  // collective calls, the same plans on all ranks. Outlives the model. Null: one rank.
  collective::Communicator* communicator = nullptr;
  // What the model runs on; null: the host's processor. Unimplemented for a device that this build
  // has no operators for.
  std::shared_ptr<device::Device> device = nullptr;
};

// The generative model that `files` describe, ready to step. `files.weights` is kept alive by it;
// `pool` outlives it. Unimplemented when the architecture or an option of it is not supported
// (named), Corruption when a tensor is missing or has another shape than the configuration says.
Result<std::unique_ptr<Model>> LoadModel(const format::ModelFiles& files,
                                         const LoadOptions& options, ComputePool& pool);

// What generation starts from and ends at, as the files say it (generation_config, config, GGUF).
struct SpecialTokens {
  std::optional<TokenId> begin;
  std::vector<TokenId> end;
  std::vector<TokenId> config_end;  // that config.json names beside those of generation_config.json
};
SpecialTokens ReadSpecialTokens(const format::ModelFiles& files);

// Sampling defaults of generation_config.json; a field is empty where the file is silent.
struct GenerationDefaults {
  std::optional<double> temperature, top_p, min_p, typical_p, repetition_penalty;
  std::optional<int64_t> top_k, max_tokens;
};
GenerationDefaults ReadGenerationDefaults(const format::ModelFiles& files);

}  // namespace pano::nn
