#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "base/result.h"
#include "model/train/adamw.h"
#include "model/train/transformer_module.h"

namespace pano::train {

// Where a run stands. Random numbers are not part of it: they depend on the seed and the step
// alone.
struct Progress {
  int64_t step = 0;  // steps that are done
  double best_bits_per_byte = std::numeric_limits<double>::infinity();
  int64_t best_step = 0;
  int64_t evaluations_since_best = 0;
};

// Weights, moments and progress in one safetensors file, written whole or not at all.
Status SaveCheckpoint(const std::string& path, const TransformerModule& module, AdamW& optimizer,
                      const Progress& progress);
// Restores what SaveCheckpoint wrote; Corruption when it belongs to a model of another shape.
Result<Progress> LoadCheckpoint(const std::string& path, TransformerModule& module,
                                AdamW& optimizer);

// The weights alone.
Status SaveWeights(const std::string& path, const TransformerModule& module);
Status LoadWeights(const std::string& path, TransformerModule& module);

}  // namespace pano::train
