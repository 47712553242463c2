#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/result.h"
#include "data/version/lineage/data_reference.h"

namespace pano::data {

// A file that a model learnt from. A value.
struct LearntFile {
  std::string path;  // as the recipe names it
  uint64_t bytes = 0;
  std::string sha256;
  std::optional<DataReference> version;  // empty: it was not versioned
};

// Which data, which recipe and which build made a model: lineage.json beside its weights
// (docs/formats/lineage.md). A value.
struct ModelLineage {
  std::string data_version;  // SHA-256 over the files' contents
  std::vector<LearntFile> data;
  std::string recipe;  // its text
  std::string recipe_sha256;
  int64_t seed = 0;
  std::string base_model;  // "" = random weights
  std::string build_version, build_commit;
  int64_t started = 0;  // seconds since 1970
};

inline constexpr char kLineageFile[] = "lineage.json";

std::string LineageText(const ModelLineage& lineage);
// Corruption names what does not fit.
Result<ModelLineage> ParseLineage(std::string_view text);
// Of a model's folder, or of the folder of a run with a `model` or `adapter` in it. NotFound where
// there is none.
Result<ModelLineage> ReadLineage(const std::string& folder, Env& env = Env::Real());

}  // namespace pano::data
