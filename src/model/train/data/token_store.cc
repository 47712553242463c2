#include "model/train/data/token_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/check.h"
#include "base/env.h"
#include "base/errno_status.h"
#include "base/strings.h"

namespace pano::train {

TokenStore::~TokenStore() {
  if (file_ >= 0) ::close(file_);
}

int64_t TokenStore::length(int64_t index) const {
  return static_cast<int64_t>(ends_[static_cast<size_t>(index)] - BeginOf(index));
}

Status TokenStore::Append(std::span<const int32_t> values) {
  pending_.insert(pending_.end(), values.begin(), values.end());
  ends_.push_back((ends_.empty() ? 0 : ends_.back()) + values.size());
  return pending_.size() * sizeof(int32_t) > memory_bytes_max_ ? Spill() : OkStatus();
}

Status TokenStore::Spill() {
  if (file_ < 0) {
    std::string folder = EnvironmentVariable("TMPDIR");
    if (folder.empty()) folder = "/tmp";
    std::string path = JoinPath(folder, "pano-tokens-XXXXXX");
    file_ = ::mkostemp(path.data(), O_CLOEXEC);
    if (file_ < 0) return ErrnoStatus(errno).Wrap(StrCat("a temporary file in ", folder));
    ::unlink(path.c_str());
  }
  const auto* bytes = reinterpret_cast<const char*>(pending_.data());
  size_t left = pending_.size() * sizeof(int32_t);
  while (left > 0) {
    const ssize_t written = ::write(file_, bytes, left);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno).Wrap("tokens in a temporary file (TMPDIR)");
    bytes += written;
    left -= static_cast<size_t>(written);
  }
  in_file_ += pending_.size();
  pending_.clear();
  return {};
}

Result<std::vector<int32_t>> TokenStore::Read(int64_t index, int64_t begin, int64_t length) const {
  PANO_CHECK(begin >= 0 && length >= 0 && begin + length <= this->length(index));
  std::vector<int32_t> out(static_cast<size_t>(length));
  const uint64_t first = BeginOf(index) + static_cast<uint64_t>(begin);
  const uint64_t end = first + out.size();
  // A sequence lies in the file or in memory as a whole: it was appended before a spill or after it.
  if (first >= in_file_) {
    const auto at = pending_.begin() + static_cast<std::ptrdiff_t>(first - in_file_);
    std::copy(at, at + length, out.begin());
    return out;
  }
  PANO_CHECK(end <= in_file_);
  auto* bytes = reinterpret_cast<char*>(out.data());
  size_t left = out.size() * sizeof(int32_t);
  auto offset = static_cast<off_t>(first * sizeof(int32_t));
  while (left > 0) {
    const ssize_t got = ::pread(file_, bytes, left, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno).Wrap("tokens in a temporary file");
    if (got == 0) return Corruption("the temporary file of tokens was cut short");
    bytes += got;
    offset += got;
    left -= static_cast<size_t>(got);
  }
  return out;
}

}  // namespace pano::train
