#pragma once

#include <vector>

#include "model/grammar/byte_automaton.h"

namespace pano::grammar {

// A range of Unicode code points, ends included. Surrogates inside a range stand for nothing.
struct CodePointRange {
  char32_t first = 0;
  char32_t last = 0;
  bool operator==(const CodePointRange&) const = default;
};

inline constexpr char32_t kCodePointMax = 0x10FFFF;

// Sorted, disjoint, touching ranges joined, without surrogates and what lies above U+10FFFF.
std::vector<CodePointRange> NormalizeRanges(std::vector<CodePointRange> ranges);

// All scalar values that are not in `ranges`; normalised.
std::vector<CodePointRange> ComplementRanges(std::vector<CodePointRange> ranges);

// The automaton that reads the UTF-8 form of one code point of `ranges`: a deterministic one in
// which states with the same continuation are one (Unicode 15, table 3-7; the split into byte
// sequences is the one of utf8-ranges and RE2). No states where `ranges` is empty.
ByteAutomaton Utf8Automaton(std::vector<CodePointRange> ranges);

}  // namespace pano::grammar
