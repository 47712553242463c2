#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "data/version/object_id.h"

namespace pano::pipeline {

// What dvc.lock says of one dependency or output. A value.
struct LockedPath {
  std::string path;  // as written, meant from the stage's folder
  std::optional<data::ObjectId> id;
  std::optional<uint64_t> bytes, files;
  bool executable = false;
};

// What dvc.lock says of a stage when it ran last. A value.
struct LockedStage {
  json::Value cmd;
  std::vector<LockedPath> deps, outs;                        // sorted by path
  std::vector<std::pair<std::string, json::Object>> params;  // file, names and values

  const LockedPath* Dep(std::string_view path) const;
  const LockedPath* Out(std::string_view path) const;
  // Null when nothing is known of the file.
  const json::Object* ParamsOf(std::string_view file) const;
};

// As a mapping with the keys in the order in which DVC writes them.
json::Value ToJson(const LockedStage& stage);
Result<LockedStage> LockedStageOf(const json::Value& value);

// A dvc.lock. What is not ours (datasets, stages of other versions) stays as it is.
// Thread-compatible.
class LockFile {
 public:
  // An empty text is a new one. InvalidArgument with file and line.
  static Result<LockFile> Parse(std::string_view text, const std::string& file);

  // Null when the stage never ran.
  const LockedStage* Find(std::string_view stage) const;
  // REQUIRES: the entry can be written (its texts are UTF-8).
  void Set(const std::string& stage, LockedStage entry);
  // As DVC writes it.
  std::string Text() const;

 private:
  json::Value root_{json::Object()};
  std::map<std::string, LockedStage, std::less<>> stages_;
};

}  // namespace pano::pipeline
