#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/format/weights.h"
#include "model/train/data/row_source.h"
#include "model/train/model_spec.h"
#include "model/train/recipe/recipe.h"

namespace pano::train {

// What a run starts from: the files of a model, with the heads that the recipe's task needs. A
// value.
struct BaseModel {
  format::ModelFiles files;  // `weights` is null for random weights
  ModelSpec spec;
  bool fresh_heads = false;  // the files may lack tensors of heads, or have them for other labels

  // Rows that it takes.
  RowLimits limits(const Recipe& recipe) const;
};

// Failures are the recipe's ("FILE:LINE: model: ...") or name the model's file: a task that the
// model cannot be trained for, a GGUF file without an adapter.
Result<BaseModel> OpenBaseModel(const Recipe& recipe);

// Makes `config` (config.json) that of the encoder for a task, with these labels (none: its own).
// Whether its heads may be new.
bool SetPurpose(Task task, const std::vector<std::string>& labels, json::Value& config);

// The path as given where something is there, else beside the recipe where something is.
std::string ResolvePath(const Recipe& recipe, const std::string& path);

}  // namespace pano::train
