#include "model/tokenizer/vocabulary.h"

#include "base/strings.h"

namespace pano::tokenizer {

Status Vocabulary::Add(std::string_view piece, int64_t id, size_t entries) {
  // A short file must not make us reserve memory for millions of ids.
  const int64_t limit = static_cast<int64_t>(entries) * 16 + (1 << 20);
  if (id < 0 || id > kTokenIdMax || id > limit) {
    return Corruption(StrCat("'", Printable(piece), "': id ", id, " is out of range"));
  }
  if (const auto found = Find(piece)) {
    if (*found == id) return {};
    return Corruption(StrCat("'", Printable(piece), "' has two ids, ", *found, " and ", id));
  }
  const auto index = static_cast<size_t>(id);
  if (Has(static_cast<TokenId>(id))) {
    return Corruption(StrCat("id ", id, " stands for '", Printable(pieces_[index]), "' and '",
                             Printable(piece), "'"));
  }
  if (index >= pieces_.size()) pieces_.resize(index + 1);
  pieces_[index] = texts_.emplace_back(piece);
  ids_.emplace(pieces_[index], static_cast<TokenId>(id));
  return {};
}

}  // namespace pano::tokenizer
