#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/models/merge_table.h"
#include "model/tokenizer/models/model.h"
#include "model/tokenizer/models/vocabulary.h"

namespace pano::tokenizer {

// Byte-pair encoding: the characters of a pre-token, then again and again the pair of neighbours with
// the lowest rank (the leftmost of equals) becomes one symbol. O(n log n) in the length. Immutable, so
// thread-safe.
class BpeModel : public Model {
 public:
  struct Options {
    std::optional<TokenId> unknown;      // for a character that has no id; without it such are dropped
    bool fuse_unknown = false;           // a run of unknown characters is one token
    bool byte_fallback = false;          // an unknown character is its bytes "<0xNN>" where all are there
    bool ignore_merges = false;          // a pre-token that is an entry is that entry
    std::string continuing_prefix;       // of every symbol that does not begin a pre-token
    std::string end_suffix;              // of the symbol that ends a pre-token
    // By id: the entries that text can become, so no control tokens. Empty: all that the vocabulary
    // has when the model is made, but none that is added later.
    std::vector<bool> usable;
  };

  // From merge rules in order of rank. Corruption when a rule names a piece that is no entry.
  // The vocabulary must outlive the model.
  static Result<std::unique_ptr<BpeModel>> FromMerges(
      const Vocabulary& vocabulary, const std::vector<std::pair<std::string, std::string>>& merges,
      Options options);

  // From scores (SentencePiece): any two neighbours merge whose text is a usable entry, the highest
  // score first. `scores` by id, one for each. The vocabulary must be complete.
  static Result<std::unique_ptr<BpeModel>> FromScores(const Vocabulary& vocabulary,
                                                      const std::vector<float>& scores,
                                                      Options options);

  Status Encode(std::string_view piece, std::vector<TokenId>& ids) const override;
  std::unique_ptr<const ByteBpe> ForBytes() const override;

 private:
  BpeModel(const Vocabulary& vocabulary, Options options);

  bool Usable(TokenId id) const {
    return static_cast<size_t>(id) < options_.usable.size() && options_.usable[static_cast<size_t>(id)];
  }
  std::optional<TokenId> FindUsable(std::string_view text) const;
  Status AddExtras(TokenId id);
  void AddCuts(TokenId id, uint32_t rank);

  // The symbol of a character with what surrounds it; -1 for none.
  int32_t Symbol(std::string_view text) const;
  void Start(std::string_view piece, std::vector<int32_t>& symbols) const;
  bool AppendBytes(std::string_view text, std::vector<int32_t>& symbols) const;
  void MergeShort(std::vector<int32_t>& symbols) const;
  void Emit(const std::vector<int32_t>& symbols, std::vector<TokenId>& ids) const;

  const Vocabulary& vocabulary_;
  Options options_;
  MergeTable merges_;
  std::array<int32_t, 256> byte_ids_{};      // of "<0xNN>"; -1 for none
  std::array<int32_t, 0x800> short_ids_{};   // of characters of one and two bytes; -1 for none
  // Characters that are no entry but occur in one that FromScores can build: symbol
  // vocabulary.size() + index. They come out as bytes or unknown.
  std::vector<std::string> extra_;
  std::unordered_map<std::string_view, int32_t> extra_ids_;
};

}  // namespace pano::tokenizer
