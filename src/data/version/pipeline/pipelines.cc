#include "data/version/pipeline/pipelines.h"

#include <utility>

#include "base/env.h"
#include "base/strings.h"
#include "data/version/pipeline/pipeline_file.h"
#include "data/version/relative_path.h"

namespace pano::pipeline {
namespace {

Result<std::vector<Stage>> StagesOf(const data::Repository& repository, data::FileSource& files,
                                    const std::string& dvc_yaml) {
  PANO_ASSIGN_OR_RETURN(const std::string text, files.Read(dvc_yaml));
  return ParsePipeline(
      text, dvc_yaml, repository.root(),
      [&files](const std::string& path) { return files.Read(path); },
      TemplateOptionsOf(repository.config()));
}

Result<LockFile> LockOf(data::FileSource& files, const std::string& dvc_yaml) {
  const std::string path = LockPathOf(dvc_yaml);
  Result<std::string> text = files.Read(path);
  if (!text.ok() && text.error().code() != StatusCode::kNotFound) return text.error();
  return LockFile::Parse(text.ok() ? *text : std::string(), path);
}

bool IsPipelineFile(std::string_view path) {
  return path == "dvc.yaml" || path.ends_with("/dvc.yaml");
}

}  // namespace

std::string LockPathOf(const std::string& dvc_yaml) {
  return dvc_yaml.substr(0, dvc_yaml.size() - 4) + "lock";
}

TemplateOptions TemplateOptionsOf(const data::Config& config) {
  TemplateOptions options;
  options.lists_append = config.Get("parsing", "list") == "append";
  options.bool_optional = config.Get("parsing", "bool") == "boolean_optional";
  return options;
}

Status Pipelines::Add(const data::Repository& repository, data::FileSource& files,
                      const std::string& dvc_yaml) {
  PANO_ASSIGN_OR_RETURN(std::vector<Stage> stages, StagesOf(repository, files, dvc_yaml));
  PANO_ASSIGN_OR_RETURN(LockFile lock, LockOf(files, dvc_yaml));
  stages_.insert(stages_.end(), std::make_move_iterator(stages.begin()),
                 std::make_move_iterator(stages.end()));
  locks_.emplace(dvc_yaml, std::move(lock));
  return {};
}

Result<Pipelines> Pipelines::Load(const data::Repository& repository, data::FileSource& files) {
  Pipelines pipelines;
  PANO_ASSIGN_OR_RETURN(const std::vector<std::string> paths, files.List());
  for (const std::string& path : paths) {
    if (IsPipelineFile(path)) PANO_RETURN_IF_ERROR(pipelines.Add(repository, files, path));
  }
  return pipelines;
}

const LockedStage* Pipelines::Locked(const Stage& stage) const {
  const auto lock = locks_.find(stage.file);
  return lock == locks_.end() ? nullptr : lock->second.Find(stage.name);
}

Status Pipelines::Lock(const data::Repository& repository, const Stage& stage, LockedStage entry) {
  const auto lock = locks_.find(stage.file);
  if (lock == locks_.end()) return Internal(StrCat("no lock file is known of ", stage.file));
  lock->second.Set(stage.name, std::move(entry));
  return WriteFile(repository.Absolute(LockPathOf(stage.file)), lock->second.Text(),
                   repository.env());
}

data::Output OutputOf(const Stage& stage, const StageOut& out, const LockedPath* locked) {
  data::Output output;
  output.path = out.at.path;
  output.source = LockPathOf(stage.file);
  output.stage = stage.name;
  output.cached = out.cache;
  output.persist = out.persist;
  output.push = out.push;
  output.remote = out.remote;
  if (locked != nullptr) {
    output.id = locked->id;
    output.bytes = locked->bytes;
    output.files = locked->files;
    output.executable = locked->executable;
  }
  return output;
}

Status StageOutputsOf(const data::Repository& repository, data::FileSource& files,
                      const std::string& dvc_yaml, std::vector<data::Output>* outputs) {
  PANO_ASSIGN_OR_RETURN(const std::vector<Stage> stages, StagesOf(repository, files, dvc_yaml));
  PANO_ASSIGN_OR_RETURN(const LockFile lock, LockOf(files, dvc_yaml));
  for (const Stage& stage : stages) {
    const LockedStage* locked = lock.Find(stage.name);
    for (const StageOut& out : stage.outs) {
      outputs->push_back(
          OutputOf(stage, out, locked == nullptr ? nullptr : locked->Out(out.at.written)));
    }
  }
  return {};
}

}  // namespace pano::pipeline
