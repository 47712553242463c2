#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/models/model.h"
#include "model/tokenizer/text/piece_trie.h"

namespace pano::tokenizer {

// SentencePiece's user-defined symbols around a model: from left to right the longest one is cut out as
// its token, the model gets the text between. Immutable, so thread-safe.
class UserSymbolModel : public Model {
 public:
  // `unknown`: whose runs in the model's answer become one; nothing: they stay.
  static Result<std::unique_ptr<UserSymbolModel>> Create(
      std::unique_ptr<Model> model, std::vector<std::pair<std::string_view, TokenId>> symbols,
      std::optional<TokenId> unknown);

  Status Encode(std::string_view piece, std::vector<TokenId>& ids) const override;

 private:
  UserSymbolModel(std::unique_ptr<Model> model, PieceTrie symbols, std::optional<TokenId> unknown)
      : model_(std::move(model)), symbols_(std::move(symbols)), unknown_(unknown) {}
  Status EncodeBetween(std::string_view text, std::vector<TokenId>& ids) const;

  const std::unique_ptr<Model> model_;
  const PieceTrie symbols_;
  const std::optional<TokenId> unknown_;
};

}  // namespace pano::tokenizer
