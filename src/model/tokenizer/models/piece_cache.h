#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "model/tokenizer/models/piece_key.h"
#include "model/tokenizer/text/token_id.h"

namespace pano::tokenizer {

// The token ids of short pieces that were encoded before. A fixed number of slots in which a later
// piece replaces an earlier one: small slots for frequent pieces, which fit the second-level cache,
// and large ones for pieces of several tokens. All tokenizers of a thread
// share it. Confined to one thread.
class PieceCache {
 public:
  struct alignas(32) SmallSlot {
    static constexpr size_t kBytesMax = 16;  // of a piece
    static constexpr size_t kTokensMax = 2;

    using Ids = std::array<TokenId, kTokensMax>;

    std::array<uint64_t, 2> words;
    uint64_t tag;  // see Tag, and the number of tokens
    Ids ids;

    // REQUIRES: length <= kBytesMax.
    bool Holds(const PieceKey& key, uint64_t wanted_tag) const {
      return ((words[0] ^ key.words[0]) | (words[1] ^ key.words[1]) |
              ((tag ^ wanted_tag) & ~uint64_t{0xff})) == 0;
    }
    uint8_t count() const { return static_cast<uint8_t>(tag); }
  };

  struct alignas(64) LargeSlot {
    static constexpr size_t kTokensMax = 8;

    PieceKey key;
    uint64_t tag;
    std::array<TokenId, kTokensMax> ids;

    bool Holds(const PieceKey& piece, uint64_t wanted_tag) const {
      return ((tag ^ wanted_tag) & ~uint64_t{0xff}) == 0 && key == piece;
    }
    size_t count() const { return tag & 0xff; }
  };

  // Whose piece, and its length. REQUIRES: owner > 0 (an empty slot's is 0), length < 256.
  static constexpr uint64_t Tag(uint32_t owner, size_t length) {
    return uint64_t{owner} << 32 | length << 8;
  }

  // The cache of this thread.
  static PieceCache& Mine();

  // `hash` = key.Hash(length) throughout.
  const SmallSlot& Small(uint64_t hash) const { return small_[hash >> (64 - kSmallBits)]; }
  // Null where the piece is not cached.
  const LargeSlot* FindLarge(uint64_t hash, const PieceKey& key, uint64_t tag) const {
    const LargeSlot* pair = &large_[LargePair(hash)];
    if (pair[0].Holds(key, tag)) return &pair[0];
    return pair[1].Holds(key, tag) ? &pair[1] : nullptr;
  }
  void Prefetch(uint64_t hash) const { __builtin_prefetch(&large_[LargePair(hash)]); }

  void AddSmall(uint64_t hash, const PieceKey& key, uint64_t tag, size_t count,
                const TokenId* ids) {
    SmallSlot& slot = small_[hash >> (64 - kSmallBits)];
    slot.words = {key.words[0], key.words[1]};
    slot.tag = tag | count;
    for (size_t i = 0; i < count; ++i) slot.ids[i] = ids[i];
  }
  // Replaces the less recently written of two slots.
  void AddLarge(uint64_t hash, const PieceKey& key, uint64_t tag, size_t count,
                const TokenId* ids) {
    LargeSlot* pair = &large_[LargePair(hash)];
    if (pair[0].tag != 0) pair[1] = pair[0];
    pair[0].key = key;
    pair[0].tag = tag | count;
    for (size_t i = 0; i < count; ++i) pair[0].ids[i] = ids[i];
  }

 private:
  static constexpr int kSmallBits = 14;  // 512 KiB
  static constexpr int kLargeBits = 14;  // 1 MiB, of which the system gives the pages that are used
  PieceCache();
  static size_t LargePair(uint64_t hash) { return hash >> (65 - kLargeBits) << 1; }

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  SmallSlot* small_ = nullptr;
  LargeSlot* large_ = nullptr;
};

}  // namespace pano::tokenizer
