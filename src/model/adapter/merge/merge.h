#pragma once

#include <cstdint>
#include <string>

#include "base/env.h"
#include "base/fwd.h"
#include "base/result.h"

namespace pano::adapter {

struct MergeRequest {
  std::string model;    // a Hugging Face folder
  std::string adapter;  // a PEFT folder
  std::string out;      // the folder to write
  bool overwrite = false;
};

struct MergeReport {
  std::string architecture;
  size_t tensors = 0;  // of the model
  size_t merged = 0;   // of these, those that the adapter changed
  uint64_t bytes = 0;  // of weights
  bool untied = false;  // the head got a matrix of its own
};

// Writes the model with the adapter merged into its weights: the base's types, files and order of
// tensors; what the adapter leaves alone byte for byte; configuration, tokenizer and the rest of the
// folder as they are. A head that shares the embedding gets a matrix of its own where the adapter
// changes only one of them. `out` appears in one step, whole, or not at all.
Result<MergeReport> Merge(const MergeRequest& request, ComputePool& pool, Env& env = Env::Real());

}  // namespace pano::adapter
