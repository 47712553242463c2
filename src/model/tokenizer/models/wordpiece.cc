#include "model/tokenizer/models/wordpiece.h"

#include <algorithm>

namespace pano::tokenizer {

Result<std::unique_ptr<WordPieceModel>> WordPieceModel::Create(const Vocabulary& vocabulary,
                                                               Options options) {
  std::unique_ptr<WordPieceModel> model(new WordPieceModel(std::move(options)));
  const std::string& prefix = model->options_.continuing_prefix;
  std::vector<std::pair<std::string_view, int32_t>> first, following;
  for (TokenId id = 0; id < vocabulary.size(); ++id) {
    if (!vocabulary.Has(id)) continue;
    const std::string_view piece = vocabulary.Piece(id);
    first.emplace_back(piece, id);
    if (piece.starts_with(prefix)) following.emplace_back(piece.substr(prefix.size()), id);
  }
  PANO_ASSIGN_OR_RETURN(model->first_, PieceTrie::Build(std::move(first)));
  PANO_ASSIGN_OR_RETURN(model->following_, PieceTrie::Build(std::move(following)));
  return model;
}

Status WordPieceModel::Encode(std::string_view piece, std::vector<TokenId>& ids) const {
  return EncodePlain(piece, {}, ids);
}

Status WordPieceModel::EncodePlain(std::string_view piece, const std::vector<bool>& special,
                                   std::vector<TokenId>& ids) const {
  const auto characters = std::count_if(piece.begin(), piece.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  const size_t known = ids.size();
  if (static_cast<size_t>(characters) <= options_.word_characters_max) {
    const PieceTrie* trie = &first_;
    while (!piece.empty()) {
      size_t longest = 0;
      TokenId id = -1;
      trie->Prefixes(piece, [&](size_t length, int32_t found) {
        if (static_cast<size_t>(found) < special.size() && special[static_cast<size_t>(found)]) return;
        longest = length;
        id = found;
      });
      if (longest == 0) break;
      ids.push_back(id);
      piece.remove_prefix(longest);
      trie = &following_;
    }
    if (piece.empty()) return {};
  }
  ids.resize(known);
  ids.push_back(options_.unknown);
  return {};
}

}  // namespace pano::tokenizer
