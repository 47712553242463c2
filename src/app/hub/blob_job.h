#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/hub/etag.h"
#include "app/hub/file_lock.h"
#include "app/hub/partial_blob.h"
#include "app/hub/repo_cache.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/thread_annotations.h"

namespace pano::hub {

// A blob that the cache shall hold. A value.
struct BlobSpec {
  std::string etag;  // of a known kind
  uint64_t size = 0;
  std::string url;   // where the hub has it
  std::string path;  // of a file that it is, for messages
};

// One blob on its way into the cache: the lock against other pulls, its segments, the hash that follows
// them, and the end, where the file gets its name only if the hash is right.
//
// Thread-safe, but Begin is called by one thread, and a segment belongs to the thread that took it.
class BlobJob {
 public:
  BlobJob(const RepoCache& cache, BlobSpec spec, uint64_t segment_bytes);

  const BlobSpec& spec() const { return spec_; }
  uint64_t bytes_done() const { return bytes_done_.load(std::memory_order_relaxed); }

  enum class Begun {
    kHave,    // the blob is there
    kReady,   // segments can be taken; or all were there, and Finish is due
    kLocked,  // another pull has it
  };
  Result<Begun> Begin();

  // Whether the server answers a range with that range.
  enum class Ranges { kUnknown, kHonoured, kIgnored };
  Ranges ranges() const;
  void SetRanges(Ranges ranges);

  // A segment that nobody has; nothing when there is none, or when the first answer has not shown yet
  // whether ranges are honoured.
  std::optional<size_t> Take();
  // A taken segment has all its bytes.
  void MarkComplete(size_t segment);
  // Gives a taken segment back; nothing of the job is touched by this thread afterwards. True when the
  // blob is complete and nobody works on it: the caller goes on with Finish.
  bool GiveBack();
  bool AllComplete() const;

  // Of a taken segment: the bytes [begin, end) and where it is.
  uint64_t SegmentAt(size_t segment) const { return partial_->SegmentBegin(segment) + partial_->SegmentDone(segment); }
  uint64_t SegmentEnd(size_t segment) const { return partial_->SegmentEnd(segment); }
  size_t segment_count() const { return partial_->segment_count(); }
  Status Append(size_t segment, std::span<const std::byte> bytes);

  // For a server that ignores ranges: the thread that holds the only taken segment takes the others too
  // and fills the blob from its first byte.
  Status BeginWhole();
  Status AppendWhole(std::span<const std::byte> bytes);
  uint64_t whole_at() const { return whole_at_; }

  // Hashes what is complete from the start on, while it is still in memory. By a thread that has a
  // segment, or in Finish.
  Status FollowHash();

  enum class Finished { kDone, kAgain };
  // Gives the blob its name. Where the hash is wrong it begins anew once; then Corruption.
  Result<Finished> Finish();

  // Where a redirect led last; "" = ask the hub.
  std::string location() const;
  void SetLocation(std::string url);

 private:
  Status HashNext(bool* more);
  Status Restart();

  const RepoCache cache_;
  const BlobSpec spec_;
  const uint64_t segment_bytes_;
  std::atomic<uint64_t> bytes_done_{0};

  std::optional<FileLock> lock_;            // set by Begin, given back by Finish
  std::unique_ptr<PartialBlob> partial_;    // set by Begin
  uint64_t whole_at_ = 0;                   // of the thread that called BeginWhole
  int restarts_ = 0;                        // of the thread in Finish

  mutable Mutex mu_;
  std::vector<size_t> todo_ PANO_GUARDED_BY(mu_);       // the next at the back
  std::vector<bool> complete_ PANO_GUARDED_BY(mu_);
  size_t incomplete_ PANO_GUARDED_BY(mu_) = 0;
  int taken_ PANO_GUARDED_BY(mu_) = 0;
  Ranges ranges_ PANO_GUARDED_BY(mu_) = Ranges::kUnknown;
  std::string location_ PANO_GUARDED_BY(mu_);

  Mutex hash_mu_;
  std::unique_ptr<Digest> digest_ PANO_GUARDED_BY(hash_mu_);
  size_t hashed_ PANO_GUARDED_BY(hash_mu_) = 0;         // segments
  std::vector<std::byte> buffer_ PANO_GUARDED_BY(hash_mu_);
};

}  // namespace pano::hub
