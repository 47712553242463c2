#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/result.h"
#include "model/tokenizer/models/model.h"
#include "model/tokenizer/models/vocabulary.h"
#include "model/tokenizer/text/piece_trie.h"

namespace pano::tokenizer {

// WordPiece as BERT uses it: from left to right the longest entry, one that begins with a prefix
// ("##") after the start of the word; a word that cannot be covered, or that is too long, is one
// unknown token. (Schuster and Nakajima, "Japanese and Korean Voice Search", 2012; the greedy search
// of Devlin et al., "BERT", 2019.) Linear in the text for a given vocabulary.
// Immutable, so thread-safe.
class WordPieceModel : public Model {
 public:
  struct Options {
    TokenId unknown = 0;
    std::string continuing_prefix = "##";
    size_t word_characters_max = 100;
  };

  static Result<std::unique_ptr<WordPieceModel>> Create(const Vocabulary& vocabulary, Options options);

  Status Encode(std::string_view piece, std::vector<TokenId>& ids) const override;
  Status EncodePlain(std::string_view piece, const std::vector<bool>& special,
                     std::vector<TokenId>& ids) const override;

 private:
  explicit WordPieceModel(Options options) : options_(std::move(options)) {}

  const Options options_;
  PieceTrie first_;        // all entries
  PieceTrie following_;    // those with the prefix, without it
};

}  // namespace pano::tokenizer
