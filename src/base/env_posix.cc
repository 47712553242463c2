// The real Env: POSIX calls, each repeated when a signal interrupts it.

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/env.h"
#include "base/errno_status.h"

namespace pano {
namespace {

namespace fs = std::filesystem;

// The kernel moves no more than this in one call (man 2 write), and some file systems less.
constexpr size_t kBytesPerCall = size_t{1} << 30;

// Repeats `call` while a signal interrupts it.
template <typename Call>
auto Uninterrupted(Call call) {
  while (true) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

Status OkOrErrno(int result, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return result >= 0 ? OkStatus() : ErrnoStatus(errno, file, line);
}

class PosixFile final : public File {
 public:
  explicit PosixFile(int fd) : fd_(fd) {}
  ~PosixFile() override {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<size_t> ReadSome(std::span<std::byte> buffer) override {
    const size_t size = std::min(buffer.size(), kBytesPerCall);
    const ssize_t n = Uninterrupted([&] { return ::read(fd_, buffer.data(), size); });
    if (n < 0) return ErrnoStatus(errno);
    return static_cast<size_t>(n);
  }

  Result<size_t> WriteSome(std::span<const std::byte> bytes) override {
    const size_t size = std::min(bytes.size(), kBytesPerCall);
    const ssize_t n = Uninterrupted([&] { return ::write(fd_, bytes.data(), size); });
    if (n < 0) return ErrnoStatus(errno);
    return static_cast<size_t>(n);
  }

  Status Sync() override {
    return OkOrErrno(Uninterrupted([&] { return ::fsync(fd_); }));
  }

  Status Close() override {
    // Not repeated: on Linux the descriptor is gone even when a signal interrupts.
    const int result = ::close(fd_);
    fd_ = -1;
    return result == 0 || errno == EINTR ? OkStatus() : ErrnoStatus(errno);
  }

 private:
  int fd_;
};

class PosixEnv final : public Env {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    int flags = O_CLOEXEC;
    if (mode == OpenMode::kRead) flags |= O_RDONLY;
    if (mode == OpenMode::kWrite) flags |= O_WRONLY | O_CREAT | O_TRUNC;
    if (mode == OpenMode::kAppend) flags |= O_WRONLY | O_CREAT | O_APPEND;
    const int fd = Uninterrupted([&] { return ::open(path.c_str(), flags, 0666); });
    if (fd < 0) return ErrnoStatus(errno);
    return std::make_unique<PosixFile>(fd);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    return OkOrErrno(::rename(from.c_str(), to.c_str()));
  }

  Status Exchange(const std::string& a, const std::string& b) override {
    // By number: older C libraries have no renameat2.
    const long result =
        ::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
    if (result < 0 && errno == EINVAL) return ErrnoStatus(ENOTSUP);
    return OkOrErrno(static_cast<int>(result));
  }

  Status Remove(const std::string& path) override { return OkOrErrno(std::remove(path.c_str())); }

  Status RemoveTree(const std::string& path) override {
    std::error_code error;
    fs::remove_all(path, error);
    return error ? ErrnoStatus(error.value()) : OkStatus();
  }

  Status MakeFolder(const std::string& path) override {
    return OkOrErrno(::mkdir(path.c_str(), 0777));
  }

  Status SyncFolder(const std::string& path) override {
    const int fd =
        Uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) return ErrnoStatus(errno);
    PosixFile folder(fd);
    const int result = Uninterrupted([&] { return ::fsync(fd); });
    // Where folders cannot be synced, their changes need no syncing or cannot have it.
    if (result < 0 && (errno == EINVAL || errno == ENOTSUP)) return {};
    return OkOrErrno(result);
  }

  Result<FileInfo> Stat(const std::string& path) const override {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return ErrnoStatus(errno);
    if (S_ISREG(info.st_mode)) {
      return FileInfo{FileInfo::Kind::kFile, static_cast<uint64_t>(info.st_size)};
    }
    return FileInfo{S_ISDIR(info.st_mode) ? FileInfo::Kind::kFolder : FileInfo::Kind::kOther, 0};
  }

  Result<std::vector<std::string>> List(const std::string& path) const override {
    std::error_code error;
    fs::directory_iterator it(path, error);
    std::vector<std::string> names;
    for (; !error && it != fs::directory_iterator(); it.increment(error)) {
      names.push_back(it->path().filename().string());
    }
    if (error) return ErrnoStatus(error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<uint64_t> SpaceLeft(const std::string& path) const override {
    struct statvfs info{};
    if (Uninterrupted([&] { return ::statvfs(path.c_str(), &info); }) != 0) {
      return ErrnoStatus(errno);
    }
    return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
  }

  std::string Variable(const std::string& name) const override {
    const char* value = std::getenv(name.c_str());
    return value ? value : "";
  }
};

}  // namespace

Env& Env::Real() {
  static PosixEnv env;
  return env;
}

}  // namespace pano
