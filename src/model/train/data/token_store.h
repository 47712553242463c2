#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace pano::train {

// Sequences of numbers, appended once and then read in any order. Beyond `memory_bytes_max` they
// lie in a temporary file without a name, which goes with the process. Thread-compatible; Read is
// thread-safe.
class TokenStore {
 public:
  explicit TokenStore(size_t memory_bytes_max = size_t{64} << 20) : memory_bytes_max_(memory_bytes_max) {}
  ~TokenStore();
  TokenStore(const TokenStore&) = delete;
  TokenStore& operator=(const TokenStore&) = delete;

  // Failures are the disk's: "disk_full" is the reason where it is that.
  Status Append(std::span<const int32_t> values);
  int64_t count() const { return static_cast<int64_t>(ends_.size()); }
  int64_t length(int64_t index) const;
  // `length` values of a sequence from `begin` on.
  Result<std::vector<int32_t>> Read(int64_t index, int64_t begin, int64_t length) const;

 private:
  uint64_t BeginOf(int64_t index) const { return index == 0 ? 0 : ends_[static_cast<size_t>(index) - 1]; }
  Status Spill();

  const size_t memory_bytes_max_;
  std::vector<uint64_t> ends_;         // of each sequence, in values
  std::vector<int32_t> pending_;       // not in the file yet: all where there is none
  uint64_t in_file_ = 0;               // values
  int file_ = -1;
};

}  // namespace pano::train
