#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/split/pre_tokenizer.h"
#include "model/tokenizer/split/scanner.h"
#include "model/tokenizer/text/regex.h"

namespace pano::tokenizer {

// What becomes of a match.
enum class SplitBehavior {
  kRemoved,
  kIsolated,             // a piece of its own
  kMergedWithPrevious,
  kMergedWithNext,
  kContiguous,           // neighbouring matches are one piece
};

// Replaces `parts` (all of a text, in order) by the pieces that `behavior` makes of them; those to be
// dropped are marked as matched.
void ApplyBehavior(SplitBehavior behavior, std::vector<Match>& parts);

// Splits at the matches of a pattern. Immutable, so thread-safe.
class SplitPreTokenizer : public PreTokenizer {
 public:
  SplitPreTokenizer(RegexPtr regex, SplitBehavior behavior, bool invert)
      : regex_(std::move(regex)), behavior_(behavior), invert_(invert) {}
  Status Apply(Pieces& pieces) const override;

 private:
  const RegexPtr regex_;
  const SplitBehavior behavior_;
  const bool invert_;            // matches and the rest change places
};

// Splits as a published pattern does, matches and the rest apart. Immutable, so thread-safe.
class ScannerPreTokenizer : public PreTokenizer {
 public:
  explicit ScannerPreTokenizer(ScannerPtr scanner) : scanner_(std::move(scanner)) {}
  Status Apply(Pieces& pieces) const override;
  ScannerPtr scanner() const override { return scanner_; }

 private:
  const ScannerPtr scanner_;
};

// Splits at the matches of a fixed text, which is not empty. Immutable, so thread-safe.
class TextSplitPreTokenizer : public PreTokenizer {
 public:
  TextSplitPreTokenizer(std::string text, SplitBehavior behavior, bool invert)
      : text_(std::move(text)), behavior_(behavior), invert_(invert) {}
  Status Apply(Pieces& pieces) const override;

 private:
  const std::string text_;
  const SplitBehavior behavior_;
  const bool invert_;
};

}  // namespace pano::tokenizer
