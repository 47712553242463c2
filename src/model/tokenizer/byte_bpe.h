#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "model/tokenizer/merge_table.h"
#include "model/tokenizer/piece_key.h"
#include "model/tokenizer/piece_table.h"
#include "model/tokenizer/tokenizer.h"

namespace pano::tokenizer {

// Byte-pair encoding of raw bytes, where every byte is a symbol: the same ids as BpeModel gives for the
// pieces written in characters (byte_level.h). A piece that is one token is looked up; what others
// become is kept in a cache of the thread. Immutable, so thread-safe.
class ByteBpe {
 public:
  static constexpr size_t kMergesMax = 1 << 25;

  // A piece and the token it would be.
  struct Entry {
    std::string_view piece;
    TokenId id;
  };

  // `bytes`: the symbol of each. `entries`: without repetition; used where merging gives the same, or
  // for all where `ignore_merges`. `merges` must outlive it and
  // have no more than kMergesMax.
  ByteBpe(const std::array<int32_t, 256>& bytes, const MergeTable& merges, std::span<const Entry> entries,
          bool ignore_merges);

  // Appends the ids of `pieces`, none of which is empty. Bytes behind a piece are read (and ignored)
  // up to `readable_end`, where the piece ends before it.
  void Encode(std::span<const std::string_view> pieces, const char* readable_end,
              std::vector<TokenId>& ids) const;

  // Appends what merging alone makes of a piece.
  void Merge(std::string_view piece, std::vector<TokenId>& ids) const;

 private:
  static constexpr size_t kShortMax = 64;   // bytes that MergeShort takes

  void EncodeShort(std::string_view piece, const PieceKey& key, uint64_t hash, std::vector<TokenId>& ids) const;
  size_t MergeShort(std::string_view piece, TokenId* out) const;
  void MergeLong(std::string_view piece, std::vector<TokenId>& ids) const;

  const MergeTable& merges_;
  const std::array<int32_t, 256> bytes_;
  std::vector<MergeTable::Merge> byte_pairs_;   // of two bytes, by left * 256 + right
  PieceTable whole_;
  const uint32_t owner_;                        // in PieceCache
};

}  // namespace pano::tokenizer
