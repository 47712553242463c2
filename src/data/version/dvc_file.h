#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/version/output.h"
#include "data/version/repository.h"
#include "data/version/yaml_text.h"

namespace pano::data {

// Reads one entry of `outs` or `deps` (of .dvc files, dvc.lock) whose paths are meant from `folder`. `place` and
// `source` are for messages. Fields that are unknown are left alone.
Result<Output> ReadOutput(const YAML::Node& node, std::string_view place, std::string_view folder, const std::string& source);

// A .dvc file: its outputs as values, and its text, in which updates change only what they must: unknown keys,
// their order and comments stay. Thread-compatible.
class DvcFile {
 public:
  // A new one for an output beside it, as `dvc add` writes it.
  static DvcFile For(const Output& output, std::string path);
  // `path` from the root. InvalidArgument names the file and the line.
  static Result<DvcFile> Parse(std::string text, std::string path);
  static Result<DvcFile> Load(const Repository& repository, const std::string& path);

  const std::string& path() const { return path_; }
  const std::string& text() const { return yaml_.text(); }
  const std::vector<Output>& outputs() const { return outputs_; }
  bool imported() const { return imported_; }   // it has deps: made by import, import-url

  // The digest, size and count of output `i` become those of `output`; `hash: md5` is added last to one of DVC 2.
  Status Update(size_t i, const Output& output);
  // The path of output `i`, as written in the file, becomes `written`.
  Status SetPath(size_t i, std::string_view written);
  // The file's own name changes with its data's.
  void MoveTo(std::string path) { path_ = std::move(path); }
  Status Save(const Repository& repository) const;

 private:
  DvcFile(std::string path, YamlText yaml) : path_(std::move(path)), yaml_(std::move(yaml)) {}
  std::string path_;
  YamlText yaml_;
  std::string wdir_;                 // outputs are meant from there
  std::vector<Output> outputs_;
  bool imported_ = false;
};

}  // namespace pano::data
