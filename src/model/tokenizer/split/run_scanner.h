#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "model/tokenizer/split/scan_chars.h"
#include "model/tokenizer/split/scanner.h"

namespace pano::tokenizer {

// A set of characters: those of some classes and those in some ranges, or all others.
struct CharSet {
  uint8_t classes = 0;
  std::vector<std::pair<char32_t, char32_t>> ranges;  // first and last
  bool negated = false;

  bool Has(const Char& c) const;
};

// The pattern `lead?set{min,max}`, greedy: splits out runs of one kind of character. Immutable, so
// thread-safe.
class RunScanner : public Scanner {
 public:
  struct Pattern {
    CharSet lead;  // empty: no lead
    CharSet set;   // has nothing in common with lead
    size_t min = 1;
    size_t max = SIZE_MAX;
  };

  explicit RunScanner(Pattern pattern);
  void Scan(std::string_view text, PieceSink& sink) const override;

 private:
  const char* Next(const char* p,
                   const char* end) const;  // the end of the match at p, null for none
  const char* Run(const char* p, const char* end) const;

  const Pattern pattern_;
  std::array<bool, 256> may_begin_{};  // a match, by its first byte
};

}  // namespace pano::tokenizer
