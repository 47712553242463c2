#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/text/token_id.h"
#include "model/tokenizer/train/pair_merger.h"
#include "model/tokenizer/train/tokenizer_recipe.h"
#include "model/tokenizer/train/word_counts.h"

namespace pano::tokenizer {

// Entries of a vocabulary while it is learnt: special tokens, alphabet, then what is merged.
// Thread-compatible.
class MergedVocabulary {
 public:
  // The id of the entry, which is made where there is none.
  TokenId Add(std::string_view text);

  const std::vector<std::string>& tokens() const { return tokens_; }   // by id
  // In the order of learning; a pair stands once.
  const std::vector<std::pair<TokenId, TokenId>>& merges() const { return merges_; }
  size_t size() const { return tokens_.size(); }

  // Merges the best pair until there are `recipe.vocab` entries or the best occurs less often than
  // recipe.min_frequency (or never). What two entries become is their texts joined, the second
  // without `prefix` where it begins with that.
  Status LearnMerges(PairMerger& merger, const TokenizerRecipe& recipe, std::string_view prefix,
                     const TokenizerProgressFn& progress);

 private:
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, TokenId> ids_;
  std::vector<std::pair<TokenId, TokenId>> merges_;
};

// A byte-level vocabulary: the bytes in the order of the recipe's tie rule, entries as byte_level.h
// writes them. `words` are bytes.
Result<MergedVocabulary> LearnByteBpe(const WordCounts& words, const TokenizerRecipe& recipe,
                                      const TokenizerProgressFn& progress);

// A WordPiece vocabulary by counts: byte-pair merges of characters, of which those inside a word are
// entries of their own with "##" in front. (What HF tokenizers does; not the likelihood rule of
// Schuster and Nakajima.) Characters by code point, then those inside words likewise.
Result<MergedVocabulary> LearnWordPiece(const WordCounts& words, const TokenizerRecipe& recipe,
                                        const TokenizerProgressFn& progress);

inline constexpr std::string_view kContinuingPrefix = "##";

}  // namespace pano::tokenizer
