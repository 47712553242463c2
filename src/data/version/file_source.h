#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/version/repository.h"

namespace pano::data {

// The small files of a repository (*.dvc, dvc.yaml, dvc.lock, parameters) as they are now, or as they were at a
// revision of git. Thread-compatible.
class FileSource {
 public:
  virtual ~FileSource() = default;
  // Paths from the root of all *.dvc, dvc.yaml and dvc.lock files, sorted; .dvcignore's are left out.
  virtual Result<std::vector<std::string>> List() = 0;
  // NotFound when there is none.
  virtual Result<std::string> Read(const std::string& path) = 0;

  static std::unique_ptr<FileSource> OfWorkspace(const Repository& repository);
  // NotFound names the revision when git does not know it.
  static Result<std::unique_ptr<FileSource>> OfRevision(const Repository& repository, const std::string& revision);

  static constexpr size_t kBytesMax = 64 << 20;
};

}  // namespace pano::data
