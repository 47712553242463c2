#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "data/version/file_source.h"
#include "data/version/output.h"

namespace pano::data {

// Adds the outputs of the stages of a dvc.yaml, with what dvc.lock beside it says of them. Filled by the pipeline.
using StageOutputs = std::function<Status(const Repository& repository, FileSource& files, const std::string& dvc_yaml,
                                          std::vector<Output>* outputs)>;

// Orders paths part by part: a folder is followed by what lies in it.
struct PathLess {
  bool operator()(std::string_view a, std::string_view b) const;
};

// All outputs of a repository, sorted by PathLess. None lies in another and no two are the same: InvalidArgument names
// both. A value.
struct Index {
  std::vector<Output> outputs;

  static Result<Index> Collect(const Repository& repository, FileSource& files, const StageOutputs& stages);

  // Makes the order and checks what the struct promises.
  Status Arrange();
  // The output at `path`, or the one that `path` lies in, or null.
  const Output* At(std::string_view path) const;
  const Output* Holding(std::string_view path) const;
  // Those at `path` or in it.
  std::vector<const Output*> In(std::string_view path) const;
};

// An output that a command is to deal with, and which part of it.
struct Target {
  const Output* output = nullptr;
  std::string part;   // "" = all of it
};
// What the words of a command line mean (.dvc files, outputs, paths inside them, folders that hold some, stages, dvc.yaml);
// none means everything. NotFound names the word.
Result<std::vector<Target>> FindTargets(const Repository& repository, const Index& index,
                                        const std::vector<std::string>& words);

}  // namespace pano::data
