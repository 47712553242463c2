#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "model/tokenizer/piece_key.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// What short pieces became, for those that are several tokens: a fixed number of slots, in which the
// later piece replaces the earlier. All tokenizers of a thread share one. Confined to one thread.
class PieceCache {
 public:
  static constexpr size_t kTokensMax = 8;

  struct alignas(64) Slot {
    PieceKey key;
    uint32_t owner = 0;     // which tokenizer's; 0: empty
    uint8_t length = 0;     // of the piece
    uint8_t count = 0;      // of tokens
    std::array<TokenId, kTokensMax> ids;

    bool Holds(uint32_t whose, const PieceKey& piece, size_t piece_length) const {
      return owner == whose && length == piece_length && key == piece;
    }
  };

  // That of this thread.
  static PieceCache& Mine();

  // The one slot where a piece may be. `hash` = key.Hash(length).
  Slot& At(uint64_t hash) { return slots_[hash >> (64 - kSlotBits)]; }

 private:
  static constexpr int kSlotBits = 13;   // 512 KiB
  PieceCache() : slots_(new Slot[size_t{1} << kSlotBits]) {}
  const std::unique_ptr<Slot[]> slots_;
};

}  // namespace pano::tokenizer
