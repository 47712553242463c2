#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/result.h"
#include "model/format/safetensors_parse.h"

namespace pano::adapter {

// A Hugging Face folder file by file, to be written anew in the same form.
struct BaseFolder {
  struct Shard {
    std::string name;  // of the file
    format::SafetensorsFile contents;
  };
  std::string path;
  std::vector<Shard> shards;
  json::Value index;  // of model.safetensors.index.json; null where there is one file
};

// REQUIRES: a folder that format::OpenFolder opens.
Result<BaseFolder> OpenBaseFolder(const std::string& path);

// "__metadata__" as it is written.
std::map<std::string, std::string> MetadataOf(const format::SafetensorsFile& file);

// Copies what such a folder holds beside weights, their index, config.json and lineage.json into
// `to`, a folder: files, and the sub-folders of templates and of what modules.json lists. Hidden
// files, weights in other forms and links that lead nowhere stay behind. Exhausted for more than a
// model has.
Status CopyCompanions(const std::string& from, const std::string& to, Env& env);

}  // namespace pano::adapter
