#include "model/tokenizer/models/user_symbols.h"

#include <algorithm>

#include "base/utf8.h"

namespace pano::tokenizer {

Result<std::unique_ptr<UserSymbolModel>> UserSymbolModel::Create(
    std::unique_ptr<Model> model, std::vector<std::pair<std::string_view, TokenId>> symbols,
    std::optional<TokenId> unknown) {
  PANO_ASSIGN_OR_RETURN(PieceTrie trie, PieceTrie::Build(std::move(symbols)));
  return std::unique_ptr<UserSymbolModel>(new UserSymbolModel(std::move(model), std::move(trie), unknown));
}

Status UserSymbolModel::Encode(std::string_view piece, std::vector<TokenId>& ids) const {
  size_t done = 0;
  for (size_t pos = 0; pos < piece.size() && !symbols_.empty();) {
    size_t length = 0;
    TokenId id = -1;
    symbols_.Prefixes(piece.substr(pos), [&](size_t found_length, int32_t found) {
      length = found_length;
      id = found;
    });
    if (id < 0) {
      pos += std::max<size_t>(Utf8Length(piece.substr(pos)), 1);
      continue;
    }
    PANO_RETURN_IF_ERROR(EncodeBetween(piece.substr(done, pos - done), ids));
    ids.push_back(id);
    done = pos += length;
  }
  return EncodeBetween(piece.substr(done), ids);
}

Status UserSymbolModel::EncodeBetween(std::string_view text, std::vector<TokenId>& ids) const {
  if (text.empty()) return {};
  const auto begin = static_cast<ptrdiff_t>(ids.size());
  PANO_RETURN_IF_ERROR(model_->Encode(text, ids));
  if (!unknown_) return {};
  const auto end = std::unique(ids.begin() + begin, ids.end(),
                               [&](TokenId a, TokenId b) { return a == b && a == *unknown_; });
  ids.erase(end, ids.end());
  return {};
}

}  // namespace pano::tokenizer
