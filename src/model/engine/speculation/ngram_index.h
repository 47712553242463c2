#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "model/engine/request.h"

namespace pano::engine {

// Where the last few tokens of one sequence stood before. Constant time a token, however long the
// sequence; memory grows with it up to a bound, beyond which the oldest entries are forgotten.
// Thread-compatible.
class NgramIndex {
 public:
  static constexpr size_t kShortest = 2;
  static constexpr size_t kLongest = 4;
  static constexpr size_t kEntriesMax = size_t{1} << 16;  // 256 KiB

  // `entries_max`: a power of two, at least one bucket.
  explicit NgramIndex(size_t entries_max = kEntriesMax) : entries_max_(entries_max) {}

  // Appends at most `count` tokens: what followed when the last kLongest tokens of `tokens`, or the
  // last few down to kShortest, stood there the last time; where that reaches the end, it goes on
  // with itself. REQUIRES: `tokens` begins with those of the call before.
  void Propose(std::span<const TokenId> tokens, size_t count, std::vector<TokenId>& draft);

  size_t entries() const { return buckets_.size() * kWays; }

 private:
  static constexpr size_t kWays = 4;
  // An n-gram's length and its latest end: 4 * end + length - 1, so that the oldest is the
  // smallest; 0: none.
  using Entry = uint32_t;
  using Bucket = std::array<Entry, kWays>;

  void Grow(std::span<const TokenId> tokens);
  void Add(std::span<const TokenId> tokens, size_t end);
  Bucket& BucketOf(std::span<const TokenId> tokens, size_t end, size_t n);

  const size_t entries_max_;
  std::vector<Bucket> buckets_;  // a power of two
  size_t indexed_ = 0;           // n-grams that end there or before are in
};

}  // namespace pano::engine
