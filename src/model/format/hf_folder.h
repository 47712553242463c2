#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/fwd.h"
#include "base/result.h"
#include "model/format/fwd.h"

namespace pano::format {

// Opens a Hugging Face folder: model.safetensors, or the shards of model.safetensors.index.json,
// and whichever of the JSON files and templates are there.
Result<ModelFiles> OpenFolder(const std::string& path);

struct ChatTemplates {
  std::string main;  // "" = none
  std::map<std::string, std::string> named;
};
// The "chat_template" of a parsed tokenizer_config.json: a text, or a list of {name, template} in
// which the main one is named "default".
Result<ChatTemplates> ChatTemplatesOf(const json::Value& config);

// By its ending, a file of pickled weights (.pt, .pth, .ckpt, .pkl), lower case.
bool IsPickleName(std::string_view name);
// The refusal of a file that unpickling would have to execute.
Status PickledWeights(const std::string& path);

}  // namespace pano::format
