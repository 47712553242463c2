#include "app/hub/partial_blob.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/env.h"
#include "base/errno_status.h"

namespace pano::hub {
namespace {

constexpr std::string_view kMagic = "PANOPART";
constexpr uint64_t kHeadBytes = 16;                 // magic, segment_bytes
constexpr uint64_t kSegmentsMax = uint64_t{1} << 20;
constexpr uint64_t kSegmentBytesMin = 4096;

size_t SegmentCount(uint64_t size, uint64_t segment_bytes) {
  return static_cast<size_t>((size + segment_bytes - 1) / segment_bytes);
}

}  // namespace

PartialBlob::PartialBlob(std::string path, int fd, uint64_t size, uint64_t segment_bytes)
    : path_(std::move(path)), fd_(fd), size_(size), segment_bytes_(segment_bytes) {}

PartialBlob::~PartialBlob() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<PartialBlob>> PartialBlob::Open(std::string path, uint64_t size,
                                                       uint64_t segment_bytes) {
  segment_bytes = std::max({segment_bytes, kSegmentBytesMin, (size + kSegmentsMax - 1) / kSegmentsMax});
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return ErrnoStatus(errno).Wrap(path);
  std::unique_ptr<PartialBlob> blob(new PartialBlob(std::move(path), fd, size, segment_bytes));
  PANO_ASSIGN_OR_RETURN(const bool known, blob->ReadCounters());
  if (!known) PANO_RETURN_IF_ERROR(blob->Start());
  return blob;
}

uint64_t PartialBlob::FileSize() const {
  struct stat info{};
  return ::fstat(fd_, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
}

// Whether the file is one of ours for this size.
Result<bool> PartialBlob::ReadCounters() {
  const uint64_t bytes = FileSize();
  if (bytes == size_ && size_ > 0) {
    // Commit cut the counters off and got no further: all is there, the hash will tell.
    done_.clear();
    for (size_t i = 0; i < SegmentCount(size_, segment_bytes_); ++i) {
      done_.push_back(std::min(segment_bytes_, size_ - i * segment_bytes_));
    }
    return true;
  }
  if (bytes < size_ + kHeadBytes) return false;
  std::byte head[kHeadBytes];
  PANO_RETURN_IF_ERROR(ReadAt(size_, head));
  if (std::memcmp(head, kMagic.data(), kMagic.size()) != 0) return false;
  uint64_t segment_bytes = 0;
  std::memcpy(&segment_bytes, head + kMagic.size(), sizeof segment_bytes);
  if (segment_bytes < kSegmentBytesMin || size_ / segment_bytes > kSegmentsMax) return false;
  std::vector<uint64_t> done(SegmentCount(size_, segment_bytes));
  if (bytes != size_ + kHeadBytes + done.size() * sizeof(uint64_t)) return false;
  PANO_RETURN_IF_ERROR(ReadAt(size_ + kHeadBytes, std::as_writable_bytes(std::span(done))));
  for (size_t i = 0; i < done.size(); ++i) {
    if (done[i] > std::min(segment_bytes, size_ - i * segment_bytes)) return false;
  }
  segment_bytes_ = segment_bytes;
  done_ = std::move(done);
  return true;
}

Status PartialBlob::Start() {
  done_.assign(SegmentCount(size_, segment_bytes_), 0);
  const uint64_t bytes = size_ + kHeadBytes + done_.size() * sizeof(uint64_t);
  if (::ftruncate(fd_, 0) != 0 || ::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) {
    return ErrnoStatus(errno).Wrap(path_);
  }
  // Takes the room now rather than failing after an hour; where the file system cannot, no matter.
  if (::fallocate(fd_, 0, 0, static_cast<off_t>(bytes)) != 0 && (errno == ENOSPC || errno == EDQUOT)) {
    const Status failure = ErrnoStatus(errno).Wrap(path_);
    ::unlink(path_.c_str());
    return failure;
  }
  std::byte head[kHeadBytes];
  std::memcpy(head, kMagic.data(), kMagic.size());
  std::memcpy(head + kMagic.size(), &segment_bytes_, sizeof segment_bytes_);
  return WriteAt(size_, head);
}

uint64_t PartialBlob::SegmentEnd(size_t segment) const {
  return std::min(size_, SegmentBegin(segment) + segment_bytes_);
}

uint64_t PartialBlob::BytesDone() const {
  uint64_t sum = 0;
  for (uint64_t done : done_) sum += done;
  return sum;
}

Status PartialBlob::Append(size_t segment, std::span<const std::byte> bytes) {
  const uint64_t at = SegmentBegin(segment) + done_[segment];
  PANO_CHECK(bytes.size() <= SegmentEnd(segment) - at);
  PANO_RETURN_IF_ERROR(WriteAt(at, bytes));
  done_[segment] += bytes.size();
  return WriteCounter(segment);
}

Status PartialBlob::WriteCounter(size_t segment) {
  return WriteAt(size_ + kHeadBytes + segment * sizeof(uint64_t),
                 std::as_bytes(std::span(&done_[segment], 1)));
}

Status PartialBlob::Reset() { return Start(); }

Status PartialBlob::WriteAt(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno).Wrap(path_);
    offset += static_cast<uint64_t>(n);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

Status PartialBlob::ReadAt(uint64_t offset, std::span<std::byte> buffer) const {
  while (!buffer.empty()) {
    const ssize_t n = ::pread(fd_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno).Wrap(path_);
    if (n == 0) return Corruption("is shorter than it was").Wrap(path_);
    offset += static_cast<uint64_t>(n);
    buffer = buffer.subspan(static_cast<size_t>(n));
  }
  return {};
}

Status PartialBlob::Commit(const std::string& path) {
  for (size_t i = 0; i < done_.size(); ++i) PANO_CHECK(SegmentComplete(i));
  if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0 || ::fsync(fd_) != 0) {
    return ErrnoStatus(errno).Wrap(path_);
  }
  ::close(std::exchange(fd_, -1));
  PANO_RETURN_IF_ERROR(Env::Real().Rename(path_, path).Wrap(path));
  return Env::Real().SyncFolder(std::string(FolderName(path))).Wrap(path);
}

uint64_t PartialBlob::BytesOnDisk(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return 0;
  return static_cast<uint64_t>(info.st_blocks) * 512;
}

}  // namespace pano::hub
