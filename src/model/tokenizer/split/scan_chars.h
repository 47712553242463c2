#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "model/tokenizer/split/char_classes.h"

// What every scanner reads a text with. All are total: ill-formed bytes are characters of no class.
namespace pano::tokenizer {

struct Char {
  char32_t code = 0;
  uint8_t classes = kSpace;  // the end of the text looks like white space of length 0
  uint8_t length = 0;
};

// A character that is not ASCII. REQUIRES: p < end.
[[gnu::noinline]] inline Char WideAt(const char* p, const char* end) {
  const auto byte = [p](size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(p[i]));
  };
  const auto more = [&](size_t i) { return byte(i) & 0x3f; };
  const char32_t lead = byte(0);
  const auto left = static_cast<size_t>(end - p);
  if (lead >= 0xc0 && lead < 0xe0 && left >= 2) {
    const char32_t c = (lead & 0x1f) << 6 | more(1);
    return {c, ClassesOf(c), 2};
  }
  if (lead >= 0xe0 && lead < 0xf0 && left >= 3) {
    const char32_t c = (lead & 0x0f) << 12 | more(1) << 6 | more(2);
    return {c, ClassesOf(c), 3};
  }
  if (lead >= 0xf0 && lead < 0xf5 && left >= 4) {
    const char32_t c = (lead & 0x07) << 18 | more(1) << 12 | more(2) << 6 | more(3);
    if (c <= 0x10ffff) return {c, ClassesOf(c), 4};
  }
  return {0, 0, 1};
}

[[gnu::always_inline]] inline Char At(const char* p, const char* end) {
  if (p >= end) return {};
  const auto c = static_cast<unsigned char>(*p);
  if (c < 0x80) return {c, kAsciiClasses[c], 1};
  return WideAt(p, end);
}

inline bool IsNewline(char c) { return c == '\r' || c == '\n'; }

// How many bytes at the front of 8 (as they lie in memory) are ASCII letters; of either case, or
// only lower.
template <bool kAnyCase>
inline size_t LeadingLetters(const char* p) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  constexpr uint64_t kHigh = 0x80 * kOnes;
  uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  const uint64_t low = (kAnyCase ? word | 0x20 * kOnes : word) & ~kHigh;
  const uint64_t from_a = low + (0x80 - 'a') * kOnes;  // no byte carries into the next
  const uint64_t past_z = low + (0x7f - 'z') * kOnes;
  const uint64_t others = ~(from_a & ~past_z & ~word) & kHigh;
  if constexpr (std::endian::native == std::endian::little) {
    return static_cast<size_t>(std::countr_zero(others)) / 8;
  } else {
    return static_cast<size_t>(std::countl_zero(others)) / 8;
  }
}

// Past the characters that have one of `kClasses`, which include the ASCII letters: all, or where
// kUpper is not among them the lower ones.
template <uint8_t kClasses>
inline const char* SkipLetters(const char* p, const char* end) {
  static_assert((kClasses & kLower) != 0);
  for (;;) {
    while (end - p >= 8) {
      const size_t letters = LeadingLetters<(kClasses & kUpper) != 0>(p);
      p += letters;
      if (letters == 8) continue;
      if (static_cast<unsigned char>(*p) < 0x80) return p;
      break;
    }
    Char c = At(p, end);
    if ((c.classes & kClasses) == 0) return p;
    do {
      p += c.length;
      c = At(p, end);
    } while (c.length > 1 && (c.classes & kClasses) != 0);
    if ((c.classes & kClasses) == 0) return p;
  }
}

// Past the characters that have one of `kClasses` (or, negated, none).
template <uint8_t kClasses, bool kNegated = false>
inline const char* Skip(const char* p, const char* end) {
  static_assert(kNegated ? (kClasses & kSpace) != 0 : (kClasses & kSpace) == 0,
                "must stop at the end");
  for (;;) {
    const Char c = At(p, end);
    if (((c.classes & kClasses) != 0) == kNegated) return p;
    p += c.length;
  }
}

// Past at most `max` numbers.
inline const char* SkipNumbers(const char* p, const char* end, size_t max) {
  for (; max > 0; --max) {
    const Char c = At(p, end);
    if ((c.classes & kNumber) == 0) break;
    p += c.length;
  }
  return p;
}

// Where white space that begins at `p` is cut: `\s*[\r\n]+|\s+(?!\S)|\s+`, without the first where
// kLines is false, and with `\s++$` before it where kAllAtEnd is true.
template <bool kLines, bool kAllAtEnd = false>
inline const char* CutSpaces(const char* p, const char* end) {
  const char* line = nullptr;  // behind the last line break
  const char* last = p;
  const char* q = p;
  for (Char c = At(q, end); q < end && (c.classes & kSpace) != 0; c = At(q, end)) {
    if (kLines && IsNewline(*q)) line = q + 1;
    last = q;
    q += c.length;
  }
  if (q >= end && (kAllAtEnd || line == nullptr)) return q;
  if (line != nullptr) return line;
  return last == p ? q : last;
}

// The length of 's, 't, 're, 've, 'm, 'll, 'd at `p`, where an apostrophe stands; 0 for none.
// In any case also 's with the long s, which folds to it.
template <bool kAnyCase>
inline size_t ContractionLength(const char* p, const char* end) {
  const auto left = static_cast<size_t>(end - p);
  const auto letter = [p](size_t i) { return static_cast<char>(kAnyCase ? p[i] | 0x20 : p[i]); };
  if (left < 2) return 0;
  const char first = letter(1);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return 2;
  if (left < 3) return 0;
  if (kAnyCase && p[1] == '\xc5' && p[2] == '\xbf') return 3;
  if ((first == 'r' || first == 'v') && letter(2) == 'e') return 3;
  return first == 'l' && letter(2) == 'l' ? 3 : 0;
}

}  // namespace pano::tokenizer
