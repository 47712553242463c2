#pragma once

#include <unistd.h>

#include <utility>

namespace pano::data {

// A descriptor of the system, negative where opening failed; closed when destroyed. Thread-compatible.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  // For who must know whether it succeeds; negative, and errno: it did not.
  int Close() { return ::close(std::exchange(fd_, -1)); }

 private:
  int fd_;
};

}  // namespace pano::data
