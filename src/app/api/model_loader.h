#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/api/model_version.h"
#include "base/result.h"
#include "base/threads.h"

namespace pano::api {

// A model to serve: "PATH" or "ID=PATH".
struct ModelSource {
  std::string id;
  std::string path;
};

// Splits at the first '=' when what stands before it is an id; else the id is the folder's name or
// the file's stem. InvalidArgument when that is no id, with the way out.
Result<ModelSource> ParseModelSource(std::string_view argument);

// One folder or file of a source.
struct VersionSource {
  std::string version;
  std::string path;
};

// A folder of numeric sub-folders is a repository of versions, lowest first; all else is version
// "1". A version's folder may hold a single .gguf in place of a Hugging Face layout.
Result<std::vector<VersionSource>> ListVersions(const std::string& path);

struct LoadSettings {
  nn::LoadOptions load;
  // End and begin tokens, the namespace and the draft model are filled in.
  engine::Options engine;
  std::string draft_model;  // the path of one that guesses ahead, for each that generates; "": none
  batch::PredictorOptions predictor;  // its limits are filled in
};

// Makes a version's observer, by its label.
using ObserverFactory = std::function<engine::Observer(const std::string& label)>;

// Opens, checks and starts every version of `source`. `pool` outlives them.
Result<std::vector<ModelVersionPtr>> LoadModelVersions(const ModelSource& source,
                                                       const LoadSettings& settings,
                                                       ComputePool& pool,
                                                       const ObserverFactory& observers);

}  // namespace pano::api
