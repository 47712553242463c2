#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace pano::hub {

// A blob on its way into the cache: one file that holds the bytes at their places and, behind them,
// how far each segment is, so that a process that is killed at any point finds where to go on.
//
//   [0, size)  the content; what is not there yet is zero
//   then       "PANOPART", segment_bytes and for each segment the bytes that it has, 64-bit little-endian
//
// Bytes are written before they are counted. A crash of the machine may still leave counted bytes
// unwritten: the hash tells, and Reset begins anew. Commit cuts the counters off and gives the file its
// name. Different segments may be written by different threads; else confined to one thread at a time.
class PartialBlob {
 public:
  // Goes on with the file at `path`, or makes it. A file of another size or form is begun anew.
  // `segment_bytes` is for a new file; an old one keeps its own. Exhausted (reason "disk_full").
  static Result<std::unique_ptr<PartialBlob>> Open(std::string path, uint64_t size,
                                                   uint64_t segment_bytes);
  ~PartialBlob();
  PartialBlob(const PartialBlob&) = delete;
  PartialBlob& operator=(const PartialBlob&) = delete;

  uint64_t size() const { return size_; }
  size_t segment_count() const { return done_.size(); }
  uint64_t SegmentBegin(size_t segment) const { return segment * segment_bytes_; }
  uint64_t SegmentEnd(size_t segment) const;
  // Bytes that the segment has, from its begin.
  uint64_t SegmentDone(size_t segment) const { return done_[segment]; }
  bool SegmentComplete(size_t segment) const {
    return SegmentBegin(segment) + done_[segment] == SegmentEnd(segment);
  }
  uint64_t BytesDone() const;

  // Puts `bytes` at the end of what the segment has. REQUIRES: they fit into it.
  Status Append(size_t segment, std::span<const std::byte> bytes);
  // Forgets what is there.
  Status Reset();
  // Reads content that is there; all of `buffer`.
  Status ReadAt(uint64_t offset, std::span<std::byte> buffer) const;
  // The file becomes `path`, whole and synced. REQUIRES: every segment is complete.
  Status Commit(const std::string& path);

  // Bytes of disk that the file at `path` has already; 0 where there is none.
  static uint64_t BytesOnDisk(const std::string& path);

 private:
  PartialBlob(std::string path, int fd, uint64_t size, uint64_t segment_bytes);
  Status Start();
  Result<bool> ReadCounters();
  Status WriteCounter(size_t segment);
  Status WriteAt(uint64_t offset, std::span<const std::byte> bytes);
  uint64_t FileSize() const;

  const std::string path_;
  int fd_;
  const uint64_t size_;
  uint64_t segment_bytes_;
  std::vector<uint64_t> done_;
};

}  // namespace pano::hub
