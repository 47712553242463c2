#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/version/repository.h"

namespace pano::data {

// The locks by which DVC keeps two commands apart, ours and its own. Held until destroyed; a killed process's
// end with it.
//   .dvc/tmp/lock      flock, one command at a time (stages that run let it go)
//   .dvc/tmp/rwlock    JSON {"write": {path: {"pid","cmd"}}, "read": {path: [...]}}, edited under rwlock.lock
// Confined to one thread.
class RepositoryLock {
 public:
  // Waits up to `wait_seconds` (DVC: 3); then Unavailable, which names the holder.
  static Result<std::unique_ptr<RepositoryLock>> Take(const Repository& repository, double wait_seconds = 3);
  ~RepositoryLock();
  RepositoryLock(const RepositoryLock&) = delete;
  RepositoryLock& operator=(const RepositoryLock&) = delete;

  // Lets go of a locked file descriptor when destroyed.
  explicit RepositoryLock(int fd) : fd_(fd) {}

 private:
  const int fd_;
};

// Paths that a command reads and writes, entered in .dvc/tmp/rwlock. Unavailable, with the process, where a living
// one writes what is wanted, or reads what is to be written. Entries of dead processes are dropped. Confined to
// one thread.
class PathLocks {
 public:
  // Paths are absolute. `command` is what others are shown.
  static Result<std::unique_ptr<PathLocks>> Take(const Repository& repository, const std::string& command,
                                                 std::vector<std::string> read, std::vector<std::string> write);
  ~PathLocks();
  PathLocks(const PathLocks&) = delete;
  PathLocks& operator=(const PathLocks&) = delete;

 private:
  PathLocks(const Repository& repository, std::string command) : repository_(repository), command_(std::move(command)) {}
  Status Edit(bool release);

  const Repository& repository_;
  const std::string command_;
  std::vector<std::string> read_, write_;
  bool held_ = false;
};

}  // namespace pano::data
