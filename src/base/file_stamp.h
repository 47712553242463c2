#pragma once

#include <cstdint>
#include <string>

namespace pano {

// By what another state of a file is known without reading it: which file lies under the name, its size,
// and when its content and its entry changed. All 0: there is no such file. A value.
struct FileStamp {
  uint64_t device = 0, inode = 0, bytes = 0;
  int64_t mtime_ns = 0, ctime_ns = 0;  // since 1970

  bool exists() const { return *this != FileStamp(); }
  bool operator==(const FileStamp&) const = default;
};

// Of the file that `path` leads to, links followed. A system call.
FileStamp StampOf(const std::string& path);

}  // namespace pano
