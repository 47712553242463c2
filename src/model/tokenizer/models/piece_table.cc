#include "model/tokenizer/models/piece_table.h"

#include <algorithm>
#include <bit>

namespace pano::tokenizer {

PieceTable::PieceTable(size_t count)
    : slots_(std::bit_ceil(std::max<size_t>(count * 2, 8))),
      shift_(64 - std::countr_zero(slots_.size())),
      mask_(slots_.size() - 1) {}

void PieceTable::Add(std::string_view piece, TokenId id) {
  if (piece.size() > PieceKey::kBytesMax) {
    long_.emplace(piece, id);
    long_max_ = std::max(long_max_, piece.size());
    return;
  }
  const PieceKey key = PieceKey::Copy(piece.data(), piece.size());
  size_t slot = key.Hash(piece.size()) >> shift_;
  while (slots_[slot].length != 0) slot = (slot + 1) & mask_;
  slots_[slot] = {key, id, static_cast<uint32_t>(piece.size())};
}

TokenId PieceTable::FindLong(std::string_view piece) const {
  if (piece.size() > long_max_) return -1;
  const auto found = long_.find(std::string(piece));
  return found == long_.end() ? -1 : found->second;
}

}  // namespace pano::tokenizer
