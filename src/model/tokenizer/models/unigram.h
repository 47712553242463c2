#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/models/model.h"
#include "model/tokenizer/models/vocabulary.h"
#include "model/tokenizer/text/piece_trie.h"

namespace pano::tokenizer {

// The unigram language model: of all ways to cut a text into entries the one with the highest sum of
// scores, found by Viterbi's algorithm; a character that is no entry costs the lowest score less a
// penalty. (Kudo, "Subword Regularization", ACL 2018; SentencePiece, Kudo and Richardson, EMNLP 2018.)
// Linear in the text for a given vocabulary; holds only what the longest overlap of entries needs.
// Immutable, so thread-safe.
class UnigramModel : public Model {
 public:
  // The two programs that define the ids round differently, which decides between cuts of almost
  // equal score: tokenizer.json sums in double, SentencePiece stores the sums as float.
  enum class Sums { kDouble, kFloat };

  struct Entry {
    TokenId id = 0;
    double score = 0;
    bool user_defined = false;          // wins over any cut of the same text; kFloat only
  };
  struct Options {
    std::optional<TokenId> unknown;     // without it a text that needs it is refused
    bool byte_fallback = false;         // unknown characters are their bytes "<0xNN>" where all are there
    Sums sums = Sums::kDouble;
  };

  // `entries`: what text can become, each an entry of the vocabulary, which must outlive the model.
  // Corruption for a score that is no number.
  static Result<std::unique_ptr<UnigramModel>> Create(const Vocabulary& vocabulary,
                                                      const std::vector<Entry>& entries, Options options);

  Status Encode(std::string_view piece, std::vector<TokenId>& ids) const override;
  Status EncodePlain(std::string_view piece, const std::vector<bool>& special,
                     std::vector<TokenId>& ids) const override;

 private:
  template <typename Sum>
  struct Node;
  template <typename Sum>
  class Search;

  UnigramModel(const Vocabulary& vocabulary, Options options)
      : vocabulary_(vocabulary), options_(options) {}
  void AppendUnknown(std::string_view text, std::vector<TokenId>& ids) const;

  const Vocabulary& vocabulary_;
  const Options options_;
  PieceTrie trie_;                      // -> index into entries_
  std::vector<Entry> entries_;
  double unknown_score_ = 0;
  std::vector<TokenId> byte_ids_;       // of "<0xNN>", -1 for none; empty without byte_fallback
};

}  // namespace pano::tokenizer
