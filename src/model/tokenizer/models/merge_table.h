#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/large_pages.h"

namespace pano::tokenizer {

// Which pairs of symbols merge: (left, right) -> {rank, the symbol they become}. Open addressing,
// as this look-up is what encoding spends its time on. Thread-compatible.
class MergeTable {
 public:
  struct Merge {
    uint32_t rank = kNone;  // lower merges first
    int32_t symbol = -1;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  // Room for `count` pairs.
  explicit MergeTable(size_t count = 0);
  size_t room() const { return room_; }

  // Replaces what the pair had. REQUIRES: no more pairs than there is room for; left, right >= 0.
  void Set(int32_t left, int32_t right, Merge merge);

  // Gives back the room that no pair has taken: a small table stays near the processor.
  void Shrink();

  // rank == kNone where the pair does not merge.
  Merge Find(int32_t left, int32_t right) const {
    const uint64_t key = Key(left, right);
    const uint64_t hash = Hash(key);
    if (!MayHave(hash)) return {};
    for (size_t slot = hash >> shift_;; slot = (slot + 1) & mask_) {
      const Entry& entry = entries_[slot];
      if (entry.key == key) return entry.merge;
      if (entry.key == kEmpty) return {};
    }
  }
  // Fetches what Find will read.
  void Prefetch(int32_t left, int32_t right) const {
    const uint64_t hash = Hash(Key(left, right));
    if (MayHave(hash)) __builtin_prefetch(&entries_[hash >> shift_]);
  }

 private:
  struct Entry {
    uint64_t key = kEmpty;
    Merge merge;
  };
  static constexpr uint64_t kEmpty = UINT64_MAX;
  static uint64_t Key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  bool MayHave(uint64_t hash) const {
    const uint64_t bit = hash >> filter_shift_;
    return (filter_[bit / 64] >> (bit % 64) & 1) != 0;
  }
  // Use the high bits.
  static uint64_t Hash(uint64_t key) {
    key ^= key >> 29;
    return key * 0x9e3779b97f4a7c15u;
  }

  std::vector<Entry, LargePageAllocator<Entry>> entries_;  // a power of two, at most half full
  std::vector<uint64_t>
      filter_;            // a bit for each hash that some pair has: most pairs asked for have none
  int shift_ = 0;         // of a hash, to its slot
  int filter_shift_ = 0;  // and to its bit
  size_t mask_ = 0;
  size_t room_ = 0;
};

}  // namespace pano::tokenizer
