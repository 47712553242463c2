#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::tokenizer {

enum class TrainedType { kByteBpe, kWordPiece, kUnigram };

// How the alphabet of a byte-level vocabulary is numbered. Of pairs that occur equally often the one
// with the smaller left id is merged, then the one with the smaller right id, so this also decides
// ties.
enum class TieRule {
  kIds,            // "ids": by the code point of the character that writes a byte: what HF tokenizers does
  kLexicographic,  // "lexicographic": by the value of the byte
};

// All that a trained vocabulary depends on besides the text. Names and defaults are those of the
// recipe's keys. A value.
struct TokenizerRecipe {
  TrainedType type = TrainedType::kByteBpe;
  int64_t vocab = 0;  // entries in all, special tokens included
  // Take the first ids in this order. Not given: none for byte_bpe, BERT's five for wordpiece, <unk>
  // for unigram. Where a wordpiece or unigram list lacks the unknown token, it is put in front.
  std::optional<std::vector<std::string>> special;
  int64_t min_frequency = 0;    // of a pair that is still merged; byte_bpe and wordpiece
  bool prefix_space = false;    // a space in front of each sequence; byte_bpe
  bool qwen2_split = false;     // Qwen2's split pattern in place of GPT-2's; byte_bpe
  bool nfc = false;             // the text in Unicode's form C
  std::optional<bool> lowercase;           // default: true for wordpiece (accents go too), else false
  bool initial_bytes = true;               // all 256 bytes, seen or not; byte_bpe
  std::vector<std::string> initial_alphabet;  // characters to have, seen or not; the other types
  std::optional<int64_t> limit_alphabet;   // only this many characters, the most frequent ones
  // Unigram: characters of a piece at most, 16 where not given. The others as HF tokenizers counts
  // it: a merged token of three or more characters (bytes) is shorter than this.
  std::optional<int64_t> max_token_length;
  TieRule tie_rule = TieRule::kIds;        // byte_bpe
};

inline constexpr int64_t kTrainedVocabMax = 1 << 22;

Result<TrainedType> TrainedTypeOf(std::string_view name);  // byte_bpe, wordpiece, unigram
Result<TieRule> TieRuleOf(std::string_view name);          // ids, lexicographic

// InvalidArgument with the key as its field when a value is out of range, or means nothing for this
// type.
Status CheckTokenizerRecipe(const TokenizerRecipe& recipe);

// The special tokens in order, with the defaults and the unknown token filled in. REQUIRES: checked.
std::vector<std::string> SpecialTokens(const TokenizerRecipe& recipe);
// "" for byte_bpe.
std::string_view UnknownToken(TrainedType type);
bool Lowercases(const TokenizerRecipe& recipe);

}  // namespace pano::tokenizer
