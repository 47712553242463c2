#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/errno_status.h"
#include "base/strings.h"

namespace pano {
namespace {

// Closes the descriptor that it holds.
struct FileDescriptor {
  int fd;
  ~FileDescriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Status Cannot(const std::string& path, std::string_view action, int error) {
  return ErrnoStatus(error).Wrap(StrCat(path, ": cannot ", action));
}

}  // namespace

Result<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) return Cannot(path, "open", errno);
  struct stat info{};
  if (::fstat(file.fd, &info) != 0) return Cannot(path, "stat", errno);
  if (!S_ISREG(info.st_mode)) return Corruption(StrCat(path, ": is not a regular file"));
  std::shared_ptr<MappedFile> mapped(new MappedFile());
  mapped->path_ = path;
  mapped->size_ = static_cast<size_t>(info.st_size);
  if (mapped->size_ > 0) {
    void* data = ::mmap(nullptr, mapped->size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
    if (data == MAP_FAILED) return Cannot(path, "map", errno);
    mapped->data_ = static_cast<const std::byte*>(data);
  }
  return std::shared_ptr<const MappedFile>(std::move(mapped));
}

MappedFile::~MappedFile() {
  if (data_) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::Forget(std::span<const std::byte> part) const {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto start = reinterpret_cast<uintptr_t>(data_);
  uintptr_t begin = reinterpret_cast<uintptr_t>(part.data()), end = begin + part.size();
  begin = (std::max(begin, start) + page - 1) / page * page;
  end = std::min(end, start + size_) / page * page;
  if (!data_ || begin >= end) return;
  // Advice: nothing depends on it.
  (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace pano
