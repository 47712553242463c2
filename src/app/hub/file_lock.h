#pragma once

#include <optional>
#include <string>

#include "base/result.h"

namespace pano::hub {

// A lock between processes on a file, flock(2) as huggingface_hub's filelock takes it. The file stays
// when the lock is given back: another process may be waiting on it. Movable; confined to one thread at
// a time.
class FileLock {
 public:
  // Nothing while somebody else holds it. The folder must exist.
  static Result<std::optional<FileLock>> TryTake(const std::string& path);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;  // -1: moved from
};

// Makes a folder and those above it; one that stands already is fine.
Status MakeFolders(const std::string& path);

}  // namespace pano::hub
