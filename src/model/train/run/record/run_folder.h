#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/env.h"
#include "base/json.h"
#include "base/result.h"
#include "data/version/lineage/data_reference.h"

namespace pano::train {

// A file that a run learns from, as it was when the run began.
struct DataFile {
  std::string path;  // as the recipe names it
  uint64_t bytes = 0;
  std::string sha256;
  std::optional<data::DataReference> version = {};  // where it is data of a repository (pano data)
};
// Reads every byte; failures name the file.
Result<DataFile> DescribeDataFile(Env& env, const std::string& path);
// One SHA-256 over the contents of all files, in their order: two runs with the same one learnt from
// the same bytes, whatever the files were called.
std::string DataVersion(const std::vector<DataFile>& files);

// What makes a run repeatable; run.json.
struct RunRecord {
  std::string recipe = {};  // the text of the YAML file
  int64_t seed = 0;
  std::vector<DataFile> data = {};
  std::string version = {};  // of the build
  std::string commit = {};
  int64_t started = 0;  // seconds since 1970
  int64_t members = 1;  // processes
};

// OUT, the folder of one run: recipe.yaml, run.json, curves, TensorBoard files, checkpoints, result.
// Locked while it is open, so that two runs do not write into each other's. Thread-compatible.
class RunFolder {
 public:
  // Makes the folder, and those above, where they are absent. A folder that holds checkpoints or a
  // result already is InvalidArgument without `resume`; one that another process has open is
  // Unavailable. Where there are checkpoints, files that the run learns from must be those that it
  // began with; a recipe that has changed is a text in `notes`.
  static Result<RunFolder> Open(Env& env, std::string path, const RunRecord& record, bool resume,
                                std::vector<std::string>* notes);
  RunFolder(RunFolder&&) = default;

  const std::string& path() const { return path_; }
  std::string File(std::string_view name) const { return JoinPath(path_, name); }
  std::string checkpoints() const { return File("checkpoints"); }
  std::string tensorboard() const { return File("tensorboard"); }

 private:
  class Lock;
  static Status CompareWithBegin(Env& env, const RunFolder& folder, const RunRecord& record,
                                 std::vector<std::string>* notes);
  RunFolder(std::string path, std::shared_ptr<Lock> lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  std::shared_ptr<Lock> lock_;
};

}  // namespace pano::train
