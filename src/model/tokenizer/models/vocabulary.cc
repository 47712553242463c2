#include "model/tokenizer/models/vocabulary.h"

#include "base/strings.h"

namespace pano::tokenizer {

Status Vocabulary::Add(std::string_view piece, int64_t id, size_t entries) {
  if (const auto found = Find(piece)) {
    if (*found == id) return {};
    return Corruption(StrCat("'", Printable(piece), "' has two ids, ", *found, " and ", id));
  }
  PANO_RETURN_IF_ERROR(CheckFree(piece, id, entries));
  ids_.emplace(Place(piece, static_cast<TokenId>(id)), static_cast<TokenId>(id));
  return {};
}

Status Vocabulary::AddAgain(std::string_view piece, int64_t id, size_t entries) {
  if (!Find(piece)) return Add(piece, id, entries);
  PANO_RETURN_IF_ERROR(CheckFree(piece, id, entries));
  Place(piece, static_cast<TokenId>(id));
  return {};
}

Status Vocabulary::CheckFree(std::string_view piece, int64_t id, size_t entries) const {
  // A short file must not make us reserve memory for millions of ids.
  const int64_t limit = static_cast<int64_t>(entries) * 16 + (1 << 20);
  if (id < 0 || id > kTokenIdMax || id > limit) {
    return Corruption(StrCat("'", Printable(piece), "': id ", id, " is out of range"));
  }
  if (Has(static_cast<TokenId>(id)) && Piece(static_cast<TokenId>(id)) != piece) {
    return Corruption(StrCat("id ", id, " stands for '", Printable(Piece(static_cast<TokenId>(id))),
                             "' and '", Printable(piece), "'"));
  }
  return {};
}

std::string_view Vocabulary::Place(std::string_view piece, TokenId id) {
  const auto index = static_cast<size_t>(id);
  if (index >= pieces_.size()) pieces_.resize(index + 1);
  return pieces_[index] = texts_.emplace_back(piece);
}

}  // namespace pano::tokenizer
