#include "app/hub/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/errno_status.h"

namespace pano::hub {

Result<std::optional<FileLock>> FileLock::TryTake(const std::string& path) {
  // Several users may share a cache: the group may lock, too.
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0664);
  if (fd < 0) return ErrnoStatus(errno).Wrap(path);
  FileLock lock(fd);
  int result = 0;
  do {
    result = ::flock(fd, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    if (errno == EWOULDBLOCK) return std::optional<FileLock>();
    // A file system without locks: two pulls do the work twice, and each checks what it wrote.
    if (errno != ENOLCK && errno != ENOTSUP && errno != ENOSYS) return ErrnoStatus(errno).Wrap(path);
  }
  // Who held it may have removed the file meanwhile, and others lock a new one by that name.
  struct stat ours{}, named{};
  if (::fstat(fd, &ours) != 0) return ErrnoStatus(errno).Wrap(path);
  if (::stat(path.c_str(), &named) != 0 || ours.st_ino != named.st_ino || ours.st_dev != named.st_dev) {
    return std::optional<FileLock>();
  }
  return std::optional<FileLock>(std::move(lock));
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

Status MakeFolders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? ErrnoStatus(error.value()).Wrap(path) : OkStatus();
}

}  // namespace pano::hub
