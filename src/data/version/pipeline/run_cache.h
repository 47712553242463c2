#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/result.h"
#include "data/version/data_env.h"
#include "data/version/pipeline/lock_file.h"
#include "data/version/pipeline/stage.h"

namespace pano::pipeline {

// Python's json.dumps(value, sort_keys=True), to the byte: what the hashes of the run cache are
// taken of.
std::string SortedJson(const json::Value& value);

// Which stage it was with which dependencies and parameters, and with which outputs: SHA-256, as
// DVC takes them, of the lock file's entry without sizes, for the key with the outputs' paths
// alone.
std::string RunCacheKey(const LockedStage& stage);
std::string RunCacheValue(const LockedStage& stage);

// Whether runs of the stage are kept: a command, dependencies and outputs, all in the repository,
// none of them persistent, and it is not one that always runs.
bool IsRunCached(const Stage& stage);

// What stages made, by what they were made of, in DVC's layout:
// <folder>/runs/<key[:2]>/<key>/<value>. Thread-compatible.
class RunCache {
 public:
  // `folder` is the cache's, e.g. .dvc/cache.
  RunCache(std::string folder, data::DataEnv& env) : folder_(std::move(folder)), env_(env) {}

  // The newest run with the stage's command, dependencies and parameters; nothing when there is
  // none, or only ones that cannot be read.
  Result<std::optional<LockedStage>> Find(const LockedStage& stage) const;
  Status Save(const LockedStage& stage) const;

 private:
  const std::string folder_;
  data::DataEnv& env_;
};

}  // namespace pano::pipeline
