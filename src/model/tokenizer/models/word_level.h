#pragma once

#include <optional>

#include "model/tokenizer/models/model.h"
#include "model/tokenizer/models/vocabulary.h"

namespace pano::tokenizer {

// A pre-token is an entry of the vocabulary or unknown. The vocabulary must outlive the model.
// Immutable, so thread-safe.
class WordLevelModel : public Model {
 public:
  WordLevelModel(const Vocabulary& vocabulary, std::optional<TokenId> unknown)
      : vocabulary_(vocabulary), unknown_(unknown) {}

  Status Encode(std::string_view piece, std::vector<TokenId>& ids) const override {
    return EncodePlain(piece, {}, ids);
  }
  Status EncodePlain(std::string_view piece, const std::vector<bool>& special,
                     std::vector<TokenId>& ids) const override {
    std::optional<TokenId> id = vocabulary_.Find(piece);
    if (id && static_cast<size_t>(*id) < special.size() && special[static_cast<size_t>(*id)]) id.reset();
    if (!id) id = unknown_;
    if (!id) return InvalidArgument("[tokenizer] a word is not in the vocabulary, which has no unknown token");
    ids.push_back(*id);
    return {};
  }

 private:
  const Vocabulary& vocabulary_;
  const std::optional<TokenId> unknown_;
};

}  // namespace pano::tokenizer
