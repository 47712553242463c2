#pragma once

#include "model/tokenizer/split/scanner.h"

namespace pano::tokenizer {

// The splits that name letters, numbers, the rest and white space, one for each family of published
// patterns. What they match is written in split_patterns.h.

ScannerPtr Gpt2Scanner();

enum class Cl100kKind {
  kThreeDigits,  // numbers in threes
  kOneDigit,
  kMarks,          // one digit; marks belong to words
  kAllSpaceAtEnd,  // numbers in threes; white space at the end of the text is one piece
};
ScannerPtr Cl100kScanner(Cl100kKind kind);

// Words change at a change from lower to upper case.
enum class O200kKind { kContractions, kOneDigit /* and no contractions */ };
ScannerPtr O200kScanner(O200kKind kind);

// The last of the three splits of DeepSeek-V3.
ScannerPtr DeepseekScanner();

}  // namespace pano::tokenizer
