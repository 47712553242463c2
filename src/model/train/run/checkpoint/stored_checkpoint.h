#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"
#include "model/train/run/checkpoint/manifest.h"
#include "model/train/run/checkpoint/tensor_set.h"

namespace pano::train {

// A checkpoint on disk whose files were all there, with the bytes that the manifest says, when it
// was opened. Borrows the Env. Immutable, so thread-safe.
class StoredCheckpoint {
 public:
  // `folder` is .../step-N. Reads every byte. Corruption that names the file when one is missing,
  // shorter, longer or another than the manifest says, when the manifest is missing or malformed,
  // or when it belongs to another step.
  static Result<StoredCheckpoint> Open(Env& env, std::string folder);

  int64_t step() const { return manifest_.step; }
  int64_t best_step() const { return manifest_.best_step; }
  const std::string& folder() const { return folder_; }
  const Manifest& manifest() const { return manifest_; }

  bool Has(std::string_view name) const;
  // Of a text file; NotFound when the manifest has no such file.
  Result<std::string> ReadText(std::string_view name) const;
  // The tensors of every safetensors file whose name begins with `prefix` ("model" finds the shards
  // too); NotFound when there is none.
  Result<TensorSet> OpenTensors(std::string_view prefix) const;

 private:
  StoredCheckpoint(Env& env, std::string folder, Manifest manifest)
      : env_(&env), folder_(std::move(folder)), manifest_(std::move(manifest)) {}

  Env* env_;
  std::string folder_;
  Manifest manifest_;
};

}  // namespace pano::train
