#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "model/tokenizer/models/merge_table.h"
#include "model/tokenizer/models/piece_cache.h"
#include "model/tokenizer/models/piece_key.h"
#include "model/tokenizer/models/piece_table.h"
#include "model/tokenizer/models/short_merge.h"
#include "model/tokenizer/text/token_id.h"

namespace pano::tokenizer {

// Byte-pair encoding of raw bytes, where every byte is a symbol: the same ids as BpeModel gives for
// the pieces written in characters (byte_level.h). A piece that is one token is looked up; what
// others become is kept in a cache of the thread. Immutable, so thread-safe.
class ByteBpe {
 public:
  static constexpr size_t kMergesMax = 1 << 25;

  // A piece and the token it would be.
  struct Entry {
    std::string_view piece;
    TokenId id;
  };

  // `bytes`: the symbol of each. `entries`: without repetition; used where merging gives the same,
  // or for all where `ignore_merges`. `merges` must outlive it and have no more than kMergesMax.
  ByteBpe(const std::array<int32_t, 256>& bytes, const MergeTable& merges,
          std::span<const Entry> entries, bool ignore_merges);

  // Appends the ids of `pieces`, none of which is empty. Bytes behind a piece are read (and
  // ignored) up to `readable_end`, where the piece ends before it.
  void Encode(std::span<const std::string_view> pieces, const char* readable_end,
              std::vector<TokenId>& ids) const;

  // Appends what merging alone makes of a piece.
  void Merge(std::string_view piece, std::vector<TokenId>& ids) const;

 private:
  static constexpr size_t kShortMax = 64;  // bytes from which MergeLong is the faster
  static constexpr size_t kBatch = 64;
  static constexpr size_t kInterleaved = 4;  // pieces that are merged at a time

  // A piece that has no small slot in PieceCache.
  struct CacheMiss {
    PieceKey key;
    uint64_t hash;
    const char* begin;  // of the piece
    size_t size;
    size_t index;  // in the batch
  };
  struct Batch {
    using InlineIds = PieceCache::SmallSlot::Ids;
    std::array<uint8_t, kBatch> counts;        // of tokens; 0: a long piece
    std::array<InlineIds, kBatch> inline_ids;  // the tokens, or where in `long_ids` they begin
    std::array<TokenId, kBatch * PieceKey::kBytesMax> long_ids;
    std::array<CacheMiss, kBatch> misses;

    void Set(size_t index, size_t count, const TokenId* ids);
  };

  // Of no more than kBatch pieces, where PieceKey::Of may read at each or at none.
  template <bool kReadable>
  void EncodeBatch(std::span<const std::string_view> pieces, PieceCache& cache,
                   std::vector<TokenId>& ids) const;
  // The first `count` of batch.misses.
  void EncodeMisses(size_t count, PieceCache& cache, Batch& batch) const;
  void MergeInterleaved(std::span<const CacheMiss> misses, PieceCache& cache, Batch& batch) const;
  // Gives a piece a small slot where it fits.
  void StoreInCache(const CacheMiss& piece, size_t count, const TokenId* ids,
                    PieceCache& cache) const;
  void EncodeLong(std::string_view piece, std::vector<TokenId>& ids) const;
  void MergeLong(std::string_view piece, std::vector<TokenId>& ids) const;

  const MergeTable& merges_;
  ByteSymbols bytes_;
  PieceTable whole_;
  const uint32_t owner_;  // in PieceCache
};

inline void ByteBpe::Batch::Set(size_t index, size_t count, const TokenId* ids) {
  counts[index] = static_cast<uint8_t>(count);
  const size_t begin = index * PieceKey::kBytesMax;
  if (count > PieceCache::SmallSlot::kTokensMax) {
    inline_ids[index][0] = static_cast<TokenId>(begin);
    for (size_t i = 0; i < count; ++i) long_ids[begin + i] = ids[i];
  } else {
    for (size_t i = 0; i < count; ++i) inline_ids[index][i] = ids[i];
  }
}

}  // namespace pano::tokenizer
