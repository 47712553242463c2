#include "app/hub/blob_job.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/env.h"
#include "base/strings.h"

namespace pano::hub {
namespace {

constexpr size_t kHashBytes = 1u << 20;  // read and hashed at once

}  // namespace

BlobJob::BlobJob(const RepoCache& cache, BlobSpec spec, uint64_t segment_bytes)
    : cache_(cache), spec_(std::move(spec)), segment_bytes_(segment_bytes) {}

Result<BlobJob::Begun> BlobJob::Begin() {
  PANO_ASSIGN_OR_RETURN(lock_, FileLock::TryTake(cache_.LockPath(spec_.etag)));
  if (!lock_) return Begun::kLocked;
  const std::string partial_path = cache_.PartialPath(spec_.etag);
  // A blob of another size was damaged; the new one takes its place.
  const Result<FileInfo> blob = Env::Real().Stat(cache_.BlobPath(spec_.etag));
  if (!blob.ok() && blob.error().code() != StatusCode::kNotFound) {
    return blob.error().Wrap(StrCat(cache_.BlobPath(spec_.etag), ": cannot look"));
  }
  if (blob.ok() && blob->bytes == spec_.size) {
    (void)Env::Real().Remove(partial_path);  // of another attempt
    bytes_done_ = spec_.size;
    lock_.reset();
    return Begun::kHave;
  }
  PANO_ASSIGN_OR_RETURN(partial_, PartialBlob::Open(partial_path, spec_.size, segment_bytes_));
  MutexLock lock(mu_);
  complete_.resize(partial_->segment_count());
  for (size_t i = partial_->segment_count(); i-- > 0;) {
    complete_[i] = partial_->SegmentComplete(i);
    if (!complete_[i]) todo_.push_back(i);
  }
  incomplete_ = todo_.size();
  bytes_done_ = partial_->BytesDone();
  MutexLock hash_lock(hash_mu_);
  digest_ = std::make_unique<Digest>(EtagDigest(KindOfEtag(spec_.etag), spec_.size));
  return Begun::kReady;
}

BlobJob::Ranges BlobJob::ranges() const {
  MutexLock lock(mu_);
  return ranges_;
}

void BlobJob::SetRanges(Ranges ranges) {
  MutexLock lock(mu_);
  ranges_ = ranges;
}

std::optional<size_t> BlobJob::Take() {
  MutexLock lock(mu_);
  if (todo_.empty() || (ranges_ != Ranges::kHonoured && taken_ > 0)) return std::nullopt;
  const size_t segment = todo_.back();
  todo_.pop_back();
  ++taken_;
  return segment;
}

void BlobJob::MarkComplete(size_t segment) {
  MutexLock lock(mu_);
  if (complete_[segment]) return;
  complete_[segment] = true;
  --incomplete_;
}

bool BlobJob::GiveBack() {
  MutexLock lock(mu_);
  --taken_;
  return incomplete_ == 0 && taken_ == 0;
}

bool BlobJob::AllComplete() const {
  MutexLock lock(mu_);
  return incomplete_ == 0;
}

Status BlobJob::Append(size_t segment, std::span<const std::byte> bytes) {
  PANO_RETURN_IF_ERROR(partial_->Append(segment, bytes));
  bytes_done_ += bytes.size();
  return {};
}

Status BlobJob::BeginWhole() {
  PANO_RETURN_IF_ERROR(partial_->Reset());
  whole_at_ = 0;
  bytes_done_ = 0;
  {
    MutexLock lock(hash_mu_);
    digest_ = std::make_unique<Digest>(EtagDigest(KindOfEtag(spec_.etag), spec_.size));
    hashed_ = 0;
  }
  MutexLock lock(mu_);
  PANO_CHECK(taken_ == 1);
  todo_.clear();
  std::fill(complete_.begin(), complete_.end(), false);
  incomplete_ = complete_.size();
  return {};
}

Status BlobJob::AppendWhole(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    PANO_CHECK(whole_at_ < spec_.size);
    const auto segment = static_cast<size_t>(whole_at_ / partial_->SegmentEnd(0));
    const size_t part = static_cast<size_t>(
        std::min<uint64_t>(bytes.size(), partial_->SegmentEnd(segment) - whole_at_));
    PANO_RETURN_IF_ERROR(Append(segment, bytes.first(part)));
    whole_at_ += part;
    bytes = bytes.subspan(part);
    if (partial_->SegmentComplete(segment)) {
      MarkComplete(segment);
      PANO_RETURN_IF_ERROR(FollowHash());
    }
  }
  return {};
}

Status BlobJob::HashNext(bool* more) {
  size_t segment = 0;
  {
    MutexLock hash_lock(hash_mu_);
    segment = hashed_;
  }
  {
    MutexLock lock(mu_);
    *more = segment < complete_.size() && complete_[segment];
  }
  if (!*more) return {};
  MutexLock hash_lock(hash_mu_);
  if (hashed_ != segment) return {};  // another thread came first
  buffer_.resize(kHashBytes);
  const uint64_t end = partial_->SegmentEnd(segment);
  for (uint64_t at = partial_->SegmentBegin(segment); at < end;) {
    const std::span<std::byte> part =
        std::span(buffer_).first(static_cast<size_t>(std::min<uint64_t>(kHashBytes, end - at)));
    PANO_RETURN_IF_ERROR(partial_->ReadAt(at, part));
    digest_->Update(part);
    at += part.size();
  }
  ++hashed_;
  return {};
}

Status BlobJob::FollowHash() {
  for (bool more = true; more;) PANO_RETURN_IF_ERROR(HashNext(&more));
  return {};
}

Result<BlobJob::Finished> BlobJob::Finish() {
  PANO_RETURN_IF_ERROR(FollowHash());
  std::string hash;
  {
    MutexLock lock(hash_mu_);
    hash = digest_->Hex();
  }
  if (hash == spec_.etag) {
    PANO_RETURN_IF_ERROR(partial_->Commit(cache_.BlobPath(spec_.etag)));
    lock_.reset();
    return Finished::kDone;
  }
  if (restarts_++ > 0) {
    (void)Env::Real().Remove(cache_.PartialPath(spec_.etag));
    return Corruption(StrCat(spec_.path, ": its hash is ", hash, ", the hub says ", spec_.etag));
  }
  PANO_RETURN_IF_ERROR(Restart());
  return Finished::kAgain;
}

Status BlobJob::Restart() {
  PANO_RETURN_IF_ERROR(partial_->Reset());
  whole_at_ = 0;
  bytes_done_ = 0;
  {
    MutexLock lock(hash_mu_);
    digest_ = std::make_unique<Digest>(EtagDigest(KindOfEtag(spec_.etag), spec_.size));
    hashed_ = 0;
  }
  MutexLock lock(mu_);
  todo_.clear();
  for (size_t i = complete_.size(); i-- > 0;) todo_.push_back(i);
  std::fill(complete_.begin(), complete_.end(), false);
  incomplete_ = todo_.size();
  location_.clear();
  return {};
}

std::string BlobJob::location() const {
  MutexLock lock(mu_);
  return location_;
}

void BlobJob::SetLocation(std::string url) {
  MutexLock lock(mu_);
  location_ = std::move(url);
}

}  // namespace pano::hub
