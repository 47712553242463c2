#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/format/weights.h"

namespace pano::format {

// Opens a Hugging Face folder: model.safetensors, or the shards of model.safetensors.index.json,
// and whichever of the JSON files and templates are there.
Result<ModelFiles> OpenFolder(const std::string& path);

// The "chat_template" of a parsed tokenizer_config.json: a text, or the one named "default" in a
// list of {name, template}; "" when there is none.
Result<std::string> ChatTemplateOf(const json::Value& tokenizer_config);

// By its ending, a file of pickled weights (.pt, .pth, .ckpt, .pkl), lower case.
bool IsPickleName(std::string_view name);
// The refusal of a file that unpickling would have to execute.
Status PickledWeights(const std::string& path);

}  // namespace pano::format
