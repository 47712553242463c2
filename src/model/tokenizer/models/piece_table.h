#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/large_pages.h"
#include "model/tokenizer/models/piece_key.h"
#include "model/tokenizer/text/token_id.h"

namespace pano::tokenizer {

// The pieces that are one token, by their bytes. Thread-compatible.
class PieceTable {
 public:
  // Capacity for `count` pieces.
  explicit PieceTable(size_t count = 0);

  // REQUIRES: a piece that is not empty and not in the table; no more pieces than the capacity.
  void Add(std::string_view piece, TokenId id);

  // -1 for none. `hash` = key.Hash(length).
  TokenId Find(const PieceKey& key, size_t length, uint64_t hash) const {
    for (size_t slot = hash >> shift_;; slot = (slot + 1) & mask_) {
      const Slot& here = slots_[slot];
      if (here.length == length && here.key == key) return here.id;
      if (here.length == 0) return -1;
    }
  }
  // Of a piece longer than PieceKey::kBytesMax.
  TokenId FindLong(std::string_view piece) const;
  void Prefetch(uint64_t hash) const { __builtin_prefetch(&slots_[hash >> shift_]); }

 private:
  struct alignas(32) Slot {
    PieceKey key = {};
    TokenId id = -1;
    uint32_t length = 0;  // 0: empty
  };

  std::vector<Slot, LargePageAllocator<Slot>> slots_;  // a power of two, at most half full
  int shift_ = 0;                                      // of a hash, to its slot
  size_t mask_ = 0;
  std::unordered_map<std::string, TokenId> long_;
  size_t long_max_ = 0;  // bytes of the longest
};

}  // namespace pano::tokenizer
