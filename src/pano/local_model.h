#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "base/threads.h"
#include "model/engine/fwd.h"
#include "model/format/weights.h"
#include "model/nn/encoder/fwd.h"
#include "model/nn/load.h"
#include "model/tokenizer/fwd.h"

namespace pano::cli {

// The values of --kv-type, and the type of each; none for "auto".
inline const std::vector<std::string> kKvTypes = {"auto", "f32", "f16", "int8"};
std::optional<nn::KvType> KvTypeByName(std::string_view name);

// How a model computes, for every command that loads one.
struct ArithmeticOptions {
  std::string compute = "fast";
  std::string kv_type = "auto";

  void Declare(OptionSet& options);
  nn::LoadOptions LoadOptions() const;
};

// Speculative decoding, for the commands that generate.
struct SpeculationSettings {
  std::string speculate = "auto";
  std::string draft_model;  // path; empty: none

  void Declare(OptionSet& options);
  // Without the draft model, which is loaded by its path.
  Result<engine::SpeculationOptions> Options() const;
};

// The settings that every command with a model in its own process shares.
struct LocalModelOptions {
  std::string path;     // empty: the starter model
  int64_t threads = 0;  // 0: all cores
  ArithmeticOptions arithmetic;
  std::string adapter;  // folder; empty: none

  void Declare(OptionSet& options);
  // For the commands that compute with one.
  void DeclareAdapter(OptionSet& options);
};

// A model in this process, without an engine around it.
struct LocalModel {
  std::unique_ptr<ComputePool> pool;
  format::ModelFiles files;
  tokenizer::TokenizerPtr tokenizer;  // null where the folder has none
  std::unique_ptr<nn::Model> model;
  std::shared_ptr<const nn::BoundAdapter> adapter;  // null: none
};

// The files at `path`, or the starter model's.
Result<format::ModelFiles> OpenLocalModel(const LocalModelOptions& options);

Result<LocalModel> LoadLocalModel(const LocalModelOptions& options);

// The adapter of the folder `path`, over a model that was loaded of `files` for `compute`. "": null.
Result<std::shared_ptr<const nn::BoundAdapter>> LoadLocalAdapter(const std::string& path,
                                                                 const format::ModelFiles& files,
                                                                 nn::Compute compute,
                                                                 const nn::Model& model);
Result<std::shared_ptr<const nn::BoundAdapter>> LoadLocalAdapter(const std::string& path,
                                                                 const format::ModelFiles& files,
                                                                 nn::Compute compute,
                                                                 const encoder::Encoder& encoder);

// The draft model at `path`. `pool` outlives it.
Result<std::unique_ptr<nn::Model>> LoadDraftModel(const std::string& path,
                                                  const nn::LoadOptions& load, ComputePool& pool);

// The starter model's folder: PANO_STARTER, else models/starter beside or above the binary.
Result<std::string> FindStarterModel();

// The folder of the running binary.
std::string BinaryFolder();

// The text of an option that may be "-" for standard input.
Result<std::string> TextOrStdin(const std::string& value);

}  // namespace pano::cli
