#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "model/adapter/adapter.h"
#include "model/nn/decoder.h"
#include "model/nn/encoder/encoder.h"

namespace pano::adapter {

// What a module of the original is made of in a loaded model: layers, norms or tables, one or, where
// the original fuses several, several. Borrowed from the model. A value.
struct ModuleTarget {
  const ops::Linear* linear = nullptr;
  const ops::NormWeights* norm = nullptr;
  const tensor::TensorView* table = nullptr;
  // The module's row for each row of `linear`; empty: they are the same.
  std::vector<int64_t> rows = {};
  // The head that is this table, too.
  const ops::Linear* tied_head = nullptr;
  // Latent attention's up-projection of keys: `linear` is [in, out] of these rows of the module.
  bool turned = false;
};

// Finds those of one loaded model. Borrows it. Thread-compatible.
class ModuleTargets {
 public:
  explicit ModuleTargets(const nn::Decoder& decoder)
      : decoder_(&decoder), norm_offset_(decoder.config().norm_offset) {}
  explicit ModuleTargets(const encoder::Encoder& encoder) : encoder_(&encoder) {}

  // Unimplemented, naming the module, where the model keeps it in a way that no adapter changes.
  Result<std::vector<ModuleTarget>> Find(const BaseModules& base, const BaseModule& module) const;

  ComputePool& pool() const;
  // What is added to a norm's weight as the original stores it.
  float NormOffset(const BaseModules& base) const;

 private:
  Result<std::vector<ModuleTarget>> FindInStack(const BaseModules& base, const BaseModule& module,
                                                const nn::DecoderWeights& weights,
                                                const nn::ModelConfig& config) const;
  Result<std::vector<ModuleTarget>> FindInHeads(const BaseModule& module) const;
  // Null where no head is the embedding.
  Result<const ops::Linear*> TiedHead(const BaseModule& embedding) const;

  const nn::Decoder* decoder_ = nullptr;
  const encoder::Encoder* encoder_ = nullptr;
  float norm_offset_ = 0;
};

}  // namespace pano::adapter
