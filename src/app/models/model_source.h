#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/models/model_host.h"
#include "base/result.h"

namespace pano::models {

// A model to serve: "PATH" or "ID=PATH"; "fake:MS" is a path, too (paced/paced_model.h). A value.
struct ModelSource {
  std::string id;
  std::string path;
};

// Splits at the first '=' when what stands before it is an id; else the id is the folder's name or
// the file's stem. InvalidArgument when that is no id, with the way out.
Result<ModelSource> ParseModelSource(std::string_view argument);

// "NAME=ID": split at the last '=', which no id holds. InvalidArgument.
Result<ModelAlias> ParseModelAlias(std::string_view argument);

// One folder or file of a source. A value.
struct VersionSource {
  std::string version;
  std::string path;
};

// Whether a folder's name is a version's.
bool IsVersionNumber(std::string_view text);

// A folder of numeric sub-folders is a repository of versions, lowest first; all else is version
// "1". A version's folder may hold a single .gguf in place of a Hugging Face layout.
Result<std::vector<VersionSource>> ListVersions(const std::string& path);

}  // namespace pano::models
