#include "model/tokenizer/split/word_scanners.h"

#include "model/tokenizer/split/scan_chars.h"

// Hand-written matchers for the published split patterns. Each decides at the first character which
// alternative of the pattern can match, then extends it by character classes in one pass: what takes a
// regex engine backtracking takes these one or two looks ahead. scanner_test.cc compares them with the
// regexes on random text of all classes.

namespace pano::tokenizer {
namespace {

// Pattern::Next(p, end): the end of the match that begins at p, or null for none.
template <typename Pattern>
class PatternScanner : public Scanner {
 public:
  void Scan(std::string_view text, PieceSink& sink) const override {
    const char* p = text.data();
    const char* const end = p + text.size();
    const char* gap = p;  // where what no match has taken begins
    while (p < end) {
      const char* next = Pattern::Next(p, end);
      if (Pattern::kHasGaps) {
        if (next == nullptr) {
          p += At(p, end).length;
          continue;
        }
        if (gap < p) sink.Add(gap, p);
        gap = next;
      }
      sink.Add(p, next);
      p = next;
    }
    if (Pattern::kHasGaps && gap < end) sink.Add(gap, end);
  }
  bool covers() const override { return !Pattern::kHasGaps; }
};

struct Gpt2 {
  static constexpr bool kHasGaps = false;

  static const char* Next(const char* p, const char* end) {
    const char* q = *p == ' ' ? p + 1 : p;
    const Char c = At(q, end);
    if ((c.classes & kLetter) != 0) return SkipLetters<kLetter>(q + c.length, end);
    if ((c.classes & kSpace) != 0) return CutSpaces</*kLines=*/false>(p, end);
    if ((c.classes & kNumber) != 0) return Skip<kNumber>(q + c.length, end);
    if (*p == '\'') {
      if (const size_t length = ContractionLength</*kAnyCase=*/false>(p, end)) return p + length;
    }
    return Skip<kSpace | kLetter | kNumber, /*kNegated=*/true>(q + c.length, end);
  }
};

// ` ?[^\s\p{L}\p{N}]+[\r\n]*`, where `first` stands at p; null for no match. kWord: what is
// excluded beside \s and \p{N}. kSlash: slashes may follow too.
template <uint8_t kWord, bool kSlash>
inline const char* NextMarks(const char* p, const char* end, Char first) {
  constexpr uint8_t kExcluded = kSpace | kNumber | kWord;
  if (*p == ' ') first = At(++p, end);
  if ((first.classes & kExcluded) != 0) return nullptr;
  const char* q = Skip<kExcluded, /*kNegated=*/true>(p + first.length, end);
  while (q < end && (IsNewline(*q) || (kSlash && *q == '/'))) ++q;
  return q;
}

template <uint8_t kWord, size_t kDigits, bool kAllAtEnd>
struct Cl100k {
  static constexpr bool kHasGaps = false;

  static const char* Next(const char* p, const char* end) {
    const Char c = At(p, end);
    if ((c.classes & kWord) != 0) return SkipLetters<kWord>(p + c.length, end);
    if ((c.classes & kNumber) != 0) return SkipNumbers(p, end, kDigits);
    if (*p == '\'') {
      if (const size_t length = ContractionLength</*kAnyCase=*/true>(p, end)) return p + length;
    }
    if (!IsNewline(*p)) {
      const char* q = p + c.length;
      const Char second = At(q, end);
      if ((second.classes & kWord) != 0) return SkipLetters<kWord>(q + second.length, end);
    }
    if (const char* marks = NextMarks<kWord, /*kSlash=*/false>(p, end, c)) return marks;
    return CutSpaces</*kLines=*/true, kAllAtEnd>(p, end);
  }
};

template <size_t kDigits, bool kContractions>
struct O200k {
  static constexpr bool kHasGaps = false;
  static constexpr uint8_t kHead = kUpper | kCaseless | kMark;
  static constexpr uint8_t kTail = kLower | kCaseless | kMark;

  // What `Head*Tail+` and, where that fails, `Head+Tail*` match at a place; null for none.
  struct Word {
    const char* lower_end = nullptr;
    const char* upper_end = nullptr;
  };

  static Word WordAt(const char* p, const char* end) {
    const char* q = p;
    const char* both = nullptr;  // behind the last character that is head and tail
    Char c = At(q, end);
    for (; (c.classes & kHead) != 0; c = At(q, end)) {
      q += c.length;
      if ((c.classes & kTail) != 0) both = q;
    }
    if ((c.classes & kLower) != 0) return {SkipLetters<kTail>(q + c.length, end), nullptr};
    if (both != nullptr) return {both, nullptr};
    return {nullptr, q > p ? q : nullptr};
  }

  static const char* WithContraction(const char* p, const char* end) {
    if (kContractions && p < end && *p == '\'') p += ContractionLength</*kAnyCase=*/true>(p, end);
    return p;
  }

  static const char* Next(const char* p, const char* end) {
    const Char c = At(p, end);
    if ((c.classes & kNumber) != 0) return SkipNumbers(p, end, kDigits);
    if ((c.classes & kLetter) != 0) {
      const Word word = WordAt(p, end);
      return WithContraction(word.lower_end != nullptr ? word.lower_end : word.upper_end, end);
    }
    if (!IsNewline(*p)) {
      Word word = WordAt(p + c.length, end);
      // A mark may stand before a word or belong to it; before an upper one only when all else
      // fails.
      if (word.lower_end == nullptr && (c.classes & kMark) != 0) word = WordAt(p, end);
      if (word.lower_end != nullptr) return WithContraction(word.lower_end, end);
      if (word.upper_end != nullptr) return WithContraction(word.upper_end, end);
    }
    if (const char* marks = NextMarks<kLetter, /*kSlash=*/true>(p, end, c)) return marks;
    return CutSpaces</*kLines=*/true>(p, end);
  }
};

struct Deepseek {
  static constexpr bool kHasGaps = true;
  static constexpr uint8_t kWord = kLetter | kMark;
  static constexpr uint8_t kSigns = kPunctuation | kSymbol;

  static bool IsAsciiLetter(const Char& c) { return c.length == 1 && (c.classes & kLetter) != 0; }

  static const char* Next(const char* p, const char* end) {
    const Char c = At(p, end);
    if ((c.classes & kWord) != 0) return SkipLetters<kWord>(p + c.length, end);
    const char* q = p + c.length;
    Char second = At(q, end);
    if ((c.classes & kSigns) != 0) {
      if (c.length == 1 && IsAsciiLetter(second)) {
        while (IsAsciiLetter(second)) second = At(++q, end);
        return q;
      }
      return Signs(q, end);
    }
    if ((second.classes & kWord) != 0 && !IsNewline(*p))
      return SkipLetters<kWord>(q + second.length, end);
    if (*p == ' ' && (second.classes & kSigns) != 0) return Signs(q + second.length, end);
    return (c.classes & kSpace) != 0 ? CutSpaces</*kLines=*/true>(p, end) : nullptr;
  }

  static const char* Signs(const char* p, const char* end) {
    p = Skip<kSigns>(p, end);
    while (p < end && IsNewline(*p)) ++p;
    return p;
  }
};

}  // namespace

ScannerPtr Gpt2Scanner() { return std::make_shared<PatternScanner<Gpt2>>(); }

ScannerPtr Cl100kScanner(Cl100kKind kind) {
  switch (kind) {
    case Cl100kKind::kThreeDigits:
      return std::make_shared<PatternScanner<Cl100k<kLetter, 3, false>>>();
    case Cl100kKind::kOneDigit:
      return std::make_shared<PatternScanner<Cl100k<kLetter, 1, false>>>();
    case Cl100kKind::kMarks:
      return std::make_shared<PatternScanner<Cl100k<kLetter | kMark, 1, false>>>();
    case Cl100kKind::kAllSpaceAtEnd:
      break;
  }
  return std::make_shared<PatternScanner<Cl100k<kLetter, 3, true>>>();
}

ScannerPtr O200kScanner(O200kKind kind) {
  if (kind == O200kKind::kContractions) return std::make_shared<PatternScanner<O200k<3, true>>>();
  return std::make_shared<PatternScanner<O200k<1, false>>>();
}

ScannerPtr DeepseekScanner() { return std::make_shared<PatternScanner<Deepseek>>(); }

}  // namespace pano::tokenizer
