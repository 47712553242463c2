#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/version/file_source.h"
#include "data/version/output.h"
#include "data/version/pipeline/lock_file.h"
#include "data/version/pipeline/stage.h"
#include "data/version/pipeline/template.h"
#include "data/version/repository.h"

namespace pano::pipeline {

// "sub/dvc.lock" for "sub/dvc.yaml".
std::string LockPathOf(const std::string& dvc_yaml);
TemplateOptions TemplateOptionsOf(const data::Config& config);

// All stages of a repository and what their lock files say. Nothing is run. Thread-compatible.
class Pipelines {
 public:
  static Result<Pipelines> Load(const data::Repository& repository, data::FileSource& files);

  const std::vector<Stage>& stages() const { return stages_; }
  // Null when the stage never ran.
  const LockedStage* Locked(const Stage& stage) const;
  // Writes the lock file of the stage with this entry.
  Status Lock(const data::Repository& repository, const Stage& stage, LockedStage entry);

 private:
  Status Add(const data::Repository& repository, data::FileSource& files,
             const std::string& dvc_yaml);
  std::vector<Stage> stages_;
  std::map<std::string, LockFile> locks_;  // by the path of dvc.yaml
};

// The outputs of one dvc.yaml for the index of a repository (data::StageOutputs).
Status StageOutputsOf(const data::Repository& repository, data::FileSource& files,
                      const std::string& dvc_yaml, std::vector<data::Output>* outputs);

// An output of a stage with what the lock says of it (null: nothing).
data::Output OutputOf(const Stage& stage, const StageOut& out, const LockedPath* locked);

}  // namespace pano::pipeline
