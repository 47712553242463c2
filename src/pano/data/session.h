#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/version/index.h"
#include "data/version/repository_lock.h"
#include "data/version/status.h"
#include "data/version/workspace.h"
#include "pano/command_line/command.h"

namespace pano::data {

// What every command but init begins with: the repository here or above, its lock, what works on it, and what is
// tracked. Confined to the main thread.
struct Session {
  std::unique_ptr<const Repository> repository;
  std::unique_ptr<RepositoryLock> lock;
  std::unique_ptr<Workspace> workspace;
  Index index;

  // The .dvc files and stages are read too, unless `with_index` is false.
  static Result<Session> Open(bool with_index = true);
  CompareContext context();
  // Locks the targets' paths against commands of DVC that work on them.
  Result<std::unique_ptr<PathLocks>> LockPaths(const std::string& command, const std::vector<Target>& targets, bool write) const;
};

// Words of a command line as paths from the root.
Result<std::vector<std::string>> PathsFromRoot(const Repository& repository, const std::vector<std::string>& words);

}  // namespace pano::data
