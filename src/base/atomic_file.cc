#include "base/atomic_file.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "base/strings.h"

namespace pano {
namespace {

constexpr size_t kBufferBytes = 64 << 10;

}  // namespace

AtomicFile::AtomicFile(std::string path, Env& env)
    : path_(std::move(path)), temporary_(StrCat(path_, ".tmp-", RandomHex(4))), env_(env) {}

AtomicFile::~AtomicFile() {
  file_.reset();
  // Ignored when it fails: a leftover under that name is never read.
  if (created_) (void)env_.Remove(temporary_);
}

Status AtomicFile::Full(uint64_t room) const {
  return Status(StatusCode::kExhausted,
                StrCat(path_, ": cannot write: the disk is full: ", std::max(expected_, size_),
                       " bytes are needed, ", room, " are free"))
      .WithReason("disk_full");
}

Status AtomicFile::Failed(const Status& why) {
  // A folder that is missing does not mean that what is written was not found.
  const StatusCode code =
      why.code() == StatusCode::kNotFound ? StatusCode::kUnavailable : why.code();
  failure_ = Status(code, StrCat(path_, ": cannot write: ", why.message())).WithCause(why);
  if (why.reason() == "disk_full") {
    // What is free for this file: what it has already and what is left.
    uint64_t room = 0;
    if (auto info = env_.Stat(temporary_); info.ok()) room += info->bytes;
    if (auto left = env_.SpaceLeft(Folder()); left.ok()) room += *left;
    failure_ = Full(room).WithCause(why);
  }
  return failure_;
}

Status AtomicFile::Expect(uint64_t bytes) {
  PANO_RETURN_IF_ERROR(failure_);
  expected_ = bytes;
  const auto left = env_.SpaceLeft(Folder());
  // A disk that does not say how much it has is asked by writing.
  if (left.ok() && *left < bytes) failure_ = Full(*left);
  return failure_;
}

Status AtomicFile::Open() {
  const bool real = &env_ == &Env::Real();
  if (real) RemoveAbandoned(path_);
  created_ = true;
  auto file = env_.Open(temporary_, Env::OpenMode::kWrite);
  if (!file.ok()) return Failed(file.status());
  file_ = *std::move(file);
  if (real) mark_ = WriteMark(temporary_);
  return {};
}

Status AtomicFile::Append(std::span<const std::byte> bytes) {
  const Status status = file_->WriteAll(bytes);
  return status.ok() ? status : Failed(status);
}

Status AtomicFile::Flush() {
  PANO_RETURN_IF_ERROR(Append(buffer_));
  buffer_.clear();
  return {};
}

Status AtomicFile::Write(std::span<const std::byte> bytes) {
  PANO_RETURN_IF_ERROR(failure_);
  if (!file_) PANO_RETURN_IF_ERROR(Open());
  size_ += bytes.size();
  if (buffer_.size() + bytes.size() > kBufferBytes) {
    PANO_RETURN_IF_ERROR(Flush());
    if (bytes.size() > kBufferBytes) return Append(bytes);
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  return {};
}

Status AtomicFile::Commit() {
  PANO_RETURN_IF_ERROR(failure_);
  if (!file_) PANO_RETURN_IF_ERROR(Open());
  PANO_RETURN_IF_ERROR(Flush());
  // The bytes first, then the name: after a crash no name stands for bytes that are not there.
  Status status = file_->Sync();
  if (status.ok()) status = file_->Close();
  file_.reset();
  if (status.ok()) status = env_.Rename(temporary_, path_);
  if (!status.ok()) return Failed(status);
  created_ = false;
  status = env_.SyncFolder(Folder());
  return status.ok() ? status : Failed(status);
}

}  // namespace pano
