#include "data/version/data_env.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/errno_status.h"
#include "base/strings.h"
#include "data/version/file_descriptor.h"

namespace pano::data {

EntryInfo EntryInfoFrom(const struct stat& s) {
  const auto nanoseconds = [](const timespec& t) { return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; };
  EntryInfo info;
  info.kind = S_ISREG(s.st_mode)   ? EntryInfo::Kind::kFile
              : S_ISDIR(s.st_mode) ? EntryInfo::Kind::kFolder
              : S_ISLNK(s.st_mode) ? EntryInfo::Kind::kLink
                                   : EntryInfo::Kind::kOther;
  info.mode = s.st_mode & 07777;
  info.bytes = static_cast<uint64_t>(s.st_size);
  info.device = s.st_dev;
  info.inode = s.st_ino;
  info.links = s.st_nlink;
  info.mtime_ns = nanoseconds(s.st_mtim);
  info.ctime_ns = nanoseconds(s.st_ctim);
  return info;
}

namespace {

// A file that is written from its start to its end: whole blocks of zeros become holes, so that a sparse file stays one.
class HoleyFile final : public File {
 public:
  explicit HoleyFile(int fd) : fd_(fd) {}
  ~HoleyFile() override {
    if (fd_ >= 0) ::close(fd_);
  }
  Result<size_t> ReadSome(std::span<std::byte>) override { return InvalidArgument("the file is written"); }
  Result<size_t> WriteSome(std::span<const std::byte> bytes) override {
    constexpr size_t kBlock = 64 << 10;
    if (bytes.size() >= kBlock && bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0) {
      if (::lseek(fd_, static_cast<off_t>(bytes.size()), SEEK_CUR) < 0) return ErrnoStatus(errno);
      hole_at_end_ = true;
      return bytes.size();
    }
    while (true) {
      const ssize_t n = ::write(fd_, bytes.data(), std::min(bytes.size(), size_t{1} << 30));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return ErrnoStatus(errno);
      hole_at_end_ = hole_at_end_ && n == 0;
      return static_cast<size_t>(n);
    }
  }
  Status Sync() override { return End(::fsync(fd_)); }
  Status Close() override {
    if (fd_ < 0) return {};
    const Status ended = End(0);
    const int result = ::close(std::exchange(fd_, -1));
    if (!ended.ok()) return ended;
    return result == 0 ? OkStatus() : ErrnoStatus(errno);
  }

 private:
  Status End(int result) {
    if (result == 0 && hole_at_end_) result = ::ftruncate(fd_, ::lseek(fd_, 0, SEEK_CUR));
    return result == 0 ? OkStatus() : ErrnoStatus(errno);
  }
  int fd_;
  bool hole_at_end_ = false;
};

// The bits that new files do not get. Only the kernel's report of it can be read without changing it.
uint32_t Umask() {
  static const uint32_t mask = [] {
    const auto status = ReadFile("/proc/self/status", 1 << 16);
    const size_t at = status.ok() ? status->find("\nUmask:") : std::string::npos;
    if (at == std::string::npos) return 0777u;   // unknown: modes are set afterwards
    return static_cast<uint32_t>(std::strtoul(status->c_str() + at + 7, nullptr, 8));
  }();
  return mask;
}

Status OkOrErrno(int result) { return result >= 0 ? OkStatus() : ErrnoStatus(errno); }

// The calls of Env go to the machine's.
class RealDataEnv final : public DataEnv {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    if (mode != OpenMode::kWrite) return env_.Open(path, mode);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return ErrnoStatus(errno);
    return std::unique_ptr<File>(std::make_unique<HoleyFile>(fd));
  }
  Status Rename(const std::string& from, const std::string& to) override { return env_.Rename(from, to); }
  Status Exchange(const std::string& a, const std::string& b) override { return env_.Exchange(a, b); }
  Status Remove(const std::string& path) override { return env_.Remove(path); }
  Status RemoveTree(const std::string& path) override { return env_.RemoveTree(path); }
  Status MakeFolder(const std::string& path) override { return env_.MakeFolder(path); }
  Status SyncFolder(const std::string& path) override { return env_.SyncFolder(path); }
  Result<FileInfo> Stat(const std::string& path) const override { return env_.Stat(path); }
  Result<std::vector<std::string>> List(const std::string& path) const override { return env_.List(path); }
  Result<uint64_t> SpaceLeft(const std::string& path) const override { return env_.SpaceLeft(path); }
  std::string Variable(const std::string& name) const override { return env_.Variable(name); }

  Result<EntryInfo> LinkInfo(const std::string& path) const override {
    struct stat s;
    if (::lstat(path.c_str(), &s) != 0) return ErrnoStatus(errno);
    return EntryInfoFrom(s);
  }
  Result<EntryInfo> EntryInfoOf(const std::string& path) const override {
    struct stat s;
    if (::stat(path.c_str(), &s) != 0) return ErrnoStatus(errno);
    return EntryInfoFrom(s);
  }
  Result<std::vector<FolderEntry>> ListKinds(const std::string& path) const override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(path.c_str()), ::closedir);
    if (!stream) return ErrnoStatus(errno);
    std::vector<FolderEntry> out;
    while (true) {
      errno = 0;
      const dirent* const found = ::readdir(stream.get());
      if (found == nullptr) {
        if (errno != 0) return ErrnoStatus(errno);
        return out;
      }
      const std::string_view name = found->d_name;
      if (name == "." || name == "..") continue;
      EntryInfo::Kind kind = EntryInfo::Kind::kOther;
      struct stat s;
      switch (found->d_type) {
        case DT_REG: kind = EntryInfo::Kind::kFile; break;
        case DT_DIR: kind = EntryInfo::Kind::kFolder; break;
        case DT_LNK: kind = EntryInfo::Kind::kLink; break;
        case DT_UNKNOWN:   // some file systems do not say
          if (::fstatat(::dirfd(stream.get()), found->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0) continue;
          kind = EntryInfoFrom(s).kind;
          break;
        default: break;
      }
      out.push_back({std::string(name), kind});
    }
  }
  Result<size_t> ReadStart(const std::string& path, std::span<std::byte> buffer, EntryInfo* after) const override {
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) return ErrnoStatus(errno);
    size_t total = 0;
    struct stat s;
    while (true) {
      const ssize_t n = total == buffer.size() ? 0 : ::read(file.get(), buffer.data() + total, buffer.size() - total);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return ErrnoStatus(errno);
      total += static_cast<size_t>(n);
      if (::fstat(file.get(), &s) != 0) return ErrnoStatus(errno);
      // What a file says of its size ends the reading where it agrees with what was read.
      if (n == 0 || (S_ISREG(s.st_mode) && total == static_cast<uint64_t>(s.st_size))) break;
    }
    *after = EntryInfoFrom(s);
    return total;
  }
  Status CreateFile(const std::string& path, std::span<const std::byte> bytes, FileMode mode) override {
    FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode.bits));
    if (file.get() < 0) return ErrnoStatus(errno);
    PANO_RETURN_IF_ERROR(Fill(file.get(), bytes, mode));
    return OkOrErrno(file.Close());
  }
  Status CreateWhole(const std::string& folder, const std::string& path, std::span<const std::byte> bytes, FileMode mode,
                     EntryInfo* made) override {
    const FileDescriptor file(::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, mode.bits));
    if (file.get() < 0) {
      // EISDIR: a kernel, EOPNOTSUPP: a file system that has none.
      if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL) return Unimplemented("no files without names here");
      return ErrnoStatus(errno);
    }
    PANO_RETURN_IF_ERROR(Fill(file.get(), bytes, mode));
    PANO_RETURN_IF_ERROR(Name(file.get(), path));
    struct stat s;
    if (::fstat(file.get(), &s) != 0) return ErrnoStatus(errno);
    *made = EntryInfoFrom(s);
    return {};
  }
  Result<std::string> ReadLink(const std::string& path) const override {
    char target[4096];
    const ssize_t n = ::readlink(path.c_str(), target, sizeof target);
    if (n < 0) return ErrnoStatus(errno);
    return std::string(target, static_cast<size_t>(n));
  }
  Status MakeLink(const std::string& target, const std::string& path) override {
    return OkOrErrno(::symlink(target.c_str(), path.c_str()));
  }
  Status MakeHardLink(const std::string& existing, const std::string& path) override {
    return OkOrErrno(::linkat(AT_FDCWD, existing.c_str(), AT_FDCWD, path.c_str(), 0));
  }
  Status CloneFile(const std::string& from, const std::string& to) override {
    const int in = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (in < 0) return ErrnoStatus(errno);
    const int out = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    const int open_error = errno;
    Status status = out < 0 ? ErrnoStatus(open_error) : OkStatus();
    if (status.ok() && ::ioctl(out, FICLONE, in) != 0) {
      const int error = errno;
      (void)::unlink(to.c_str());
      const bool cannot = error == EOPNOTSUPP || error == ENOTTY || error == EINVAL || error == EXDEV || error == ENOSYS;
      status = cannot ? Unimplemented("the file system does not share blocks") : ErrnoStatus(error);
    }
    ::close(in);
    if (out >= 0) ::close(out);
    return status;
  }
  Status SetMode(const std::string& path, uint32_t mode) override { return OkOrErrno(::chmod(path.c_str(), mode)); }
  Status SyncFileSystem(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus(errno);
    const Status status = OkOrErrno(::syncfs(fd));
    ::close(fd);
    return status;
  }

 private:
  static Status Fill(int fd, std::span<const std::byte> bytes, FileMode mode) {
    if (mode.exact && (mode.bits & Umask()) != 0) PANO_RETURN_IF_ERROR(OkOrErrno(::fchmod(fd, mode.bits)));
    while (!bytes.empty()) {
      const ssize_t n = ::write(fd, bytes.data(), std::min(bytes.size(), size_t{1} << 30));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return ErrnoStatus(errno);
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return {};
  }
  // Gives an open file without a name one. AT_EMPTY_PATH needs a privilege on kernels before 6.10; /proc does as well.
  Status Name(int fd, const std::string& path) {
    if (by_descriptor_.load(std::memory_order_relaxed)) {
      if (::linkat(fd, "", AT_FDCWD, path.c_str(), AT_EMPTY_PATH) == 0) return {};
      if (errno != ENOENT && errno != EPERM) return ErrnoStatus(errno);
    }
    const std::string own = StrCat("/proc/self/fd/", fd);
    if (::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      by_descriptor_ = false;
      return {};
    }
    const int error = errno;
    // Where there is no /proc, nothing is there to be linked; the folder of `path` is what else can be missing.
    if (error == ENOENT && ::access(own.c_str(), F_OK) != 0) return Unimplemented("no files without names here");
    return ErrnoStatus(error);
  }

  std::atomic<bool> by_descriptor_{true};
  Env& env_ = Env::Real();
};

}  // namespace

DataEnv& DataEnv::Real() {
  static RealDataEnv env;
  return env;
}

Status MakeFolders(DataEnv& env, const std::string& path) {
  const auto info = env.EntryInfoOf(path);
  if (info.ok() && info->kind == EntryInfo::Kind::kFolder) return {};
  if (info.ok()) return Status(StatusCode::kAlreadyExists, path + ": stands where a folder is needed");
  const std::string above(FolderName(path));
  if (above != path && above != "." && above != "/") PANO_RETURN_IF_ERROR(MakeFolders(env, above));
  const Status made = env.MakeFolder(path);
  if (made.ok() || made.code() == StatusCode::kAlreadyExists) return {};
  return made.Wrap(path + ": cannot make the folder");
}

}  // namespace pano::data
