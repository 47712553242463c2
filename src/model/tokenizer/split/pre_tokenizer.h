#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/split/scanner.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {

// A text on its way to becoming pre-tokens. Owns what steps rewrite. Confined to one call.
struct Pieces {
  struct Piece {
    std::string_view text;
    bool at_start = false;           // begins where the whole input begins
  };
  std::vector<Piece> list;           // none is empty
  std::deque<std::string> storage;   // rewritten texts that the pieces look at
  size_t bytes_max = SIZE_MAX;       // of all rewritten texts together; more ends in Exhausted
};

struct ByteLevelSplit;

// Splits pieces further, or rewrites them. Immutable, so thread-safe.
class PreTokenizer {
 public:
  virtual ~PreTokenizer() = default;
  virtual Status Apply(Pieces& pieces) const = 0;
  // Does the same to a text; null where there is none.
  virtual ScannerPtr scanner() const { return nullptr; }
  // What comes before bytes become characters; null where that is not the last thing that happens.
  virtual const ByteLevelSplit* byte_level() const { return nullptr; }
};

using PreTokenizerPtr = std::shared_ptr<const PreTokenizer>;

struct ByteLevelSplit {
  bool add_prefix_space = false;   // first of all, where a text does not begin with a space
  PreTokenizerPtr split;           // may be null
  ScannerPtr scanner;              // of `split`; null where that has none
};

// From the "pre_tokenizer" of a tokenizer.json; null for null. Unimplemented for a type we do not have.
Result<PreTokenizerPtr> MakePreTokenizer(const Field& field);

// Each pattern in turn splits what the ones before left, matches and the rest apart; then bytes become
// characters (byte_level.h). Patterns are written as tokenizer.json writes them.
Result<PreTokenizerPtr> ByteLevelPreTokenizer(const std::vector<std::string_view>& patterns);

// Only what a pattern matches, then bytes become characters: how rank files are used. The pattern is
// written as their library writes it (RegexDialect::kRust).
Result<PreTokenizerPtr> RankFilePreTokenizer(std::string_view pattern);

}  // namespace pano::tokenizer
