#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/text/token_id.h"

namespace pano::tokenizer {

inline constexpr TokenId kTokenIdMax = 1 << 24;

// Pieces and their ids, both ways. Ids may have gaps. Thread-compatible.
class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  // Corruption for an id out of range or far beyond the number of entries, for an id that has another
  // piece and for a piece that has another id. Adding the same pair again changes nothing.
  // `entries` = how many will be added about, for the check of the range.
  Status Add(std::string_view piece, int64_t id, size_t entries);
  // The same for a piece that may have another id already, which Find still returns.
  Status AddAgain(std::string_view piece, int64_t id, size_t entries);

  // Highest id + 1.
  int32_t size() const { return static_cast<int32_t>(pieces_.size()); }
  size_t entry_count() const { return ids_.size(); }
  bool Has(TokenId id) const {
    return id >= 0 && id < size() && pieces_[static_cast<size_t>(id)].data() != nullptr;
  }
  // "" for an id that has none.
  std::string_view Piece(TokenId id) const {
    return Has(id) ? pieces_[static_cast<size_t>(id)] : std::string_view();
  }
  std::optional<TokenId> Find(std::string_view piece) const {
    const auto found = ids_.find(piece);
    if (found == ids_.end()) return std::nullopt;
    return found->second;
  }

 private:
  Status CheckFree(std::string_view piece, int64_t id, size_t entries) const;
  std::string_view Place(std::string_view piece, TokenId id);

  std::deque<std::string> texts_;          // what the views below look at
  std::vector<std::string_view> pieces_;   // by id; data() == nullptr: none
  std::unordered_map<std::string_view, TokenId> ids_;
};

}  // namespace pano::tokenizer
