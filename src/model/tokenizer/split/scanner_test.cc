#include "model/tokenizer/split/scanner.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/tokenizer/split/char_classes.h"
#include "model/tokenizer/split/split_patterns.h"
#include "model/tokenizer/text/regex.h"

namespace pano::tokenizer {
namespace {

class Collector : public PieceSink {
 public:
  std::vector<std::string_view> pieces;

 private:
  void Take(std::span<const std::string_view> more) override {
    pieces.insert(pieces.end(), more.begin(), more.end());
  }
};

std::vector<std::string_view> ByScanner(const Scanner& scanner, std::string_view text) {
  Collector collector;
  scanner.Scan(text, collector);
  collector.Flush();
  return collector.pieces;
}

RegexPtr Compile(std::string_view pattern) {
  Result<RegexPtr> regex = Regex::Compile(pattern);
  EXPECT_TRUE(regex.ok()) << regex.status().message();
  return *regex;
}

// What each regex leaves of the pieces of the one before.
class Reference {
 public:
  explicit Reference(const std::vector<std::string_view>& patterns) {
    for (std::string_view pattern : patterns) {
      regexes_.push_back(Compile(pattern));
      matchers_.push_back(std::make_unique<Regex::Matcher>(*regexes_.back()));
    }
  }

  std::vector<std::string_view> Split(std::string_view text) {
    std::vector<std::string_view> pieces = {text};
    for (const auto& matcher : matchers_) {
      std::vector<std::string_view> next;
      for (std::string_view piece : pieces) {
        std::vector<Match> parts;
        EXPECT_TRUE(matcher->FindAll(piece, parts).ok());
        for (const Match& part : parts) {
          if (part.begin < part.end)
            next.push_back(piece.substr(part.begin, part.end - part.begin));
        }
      }
      pieces = std::move(next);
    }
    return pieces;
  }

 private:
  std::vector<RegexPtr> regexes_;
  std::vector<std::unique_ptr<Regex::Matcher>> matchers_;
};

std::string Shown(const std::vector<std::string_view>& pieces) {
  std::string out;
  for (std::string_view piece : pieces) out += StrCat("[", Printable(piece), "]");
  return out;
}

// Texts in which everything that a pattern treats apart comes often and beside everything else.
class TextMaker {
 public:
  std::string Make() {
    std::string text;
    const size_t count = rng_() % 24;
    for (size_t i = 0; i < count; ++i) {
      const size_t repeat = rng_() % 4 == 0 ? 1 + rng_() % 6 : 1;
      const std::string part = Part();
      for (size_t j = 0; j < repeat; ++j) text += part;
    }
    return text;
  }

 private:
  std::string Part() {
    static const std::vector<std::string> parts = {"a",
                                                   "b",
                                                   "The",
                                                   "word",
                                                   "WORD",
                                                   "aB",
                                                   "Ab",
                                                   "s",
                                                   "S",
                                                   "t",
                                                   "re",
                                                   "LL",
                                                   "ve",
                                                   "d",
                                                   "M",
                                                   "'s",
                                                   "'S",
                                                   "'t",
                                                   "'Re",
                                                   "'vE",
                                                   "'ll",
                                                   "'lL",
                                                   "'m",
                                                   "'D",
                                                   "'",
                                                   "''",
                                                   "'x",
                                                   "'r",
                                                   "'l",
                                                   "'\u017f",
                                                   "\u017f",
                                                   "\u212a",
                                                   " ",
                                                   " ",
                                                   "  ",
                                                   "\t",
                                                   "\n",
                                                   "\r",
                                                   "\r\n",
                                                   "\n\n",
                                                   " \n",
                                                   "\v",
                                                   "\f",
                                                   "\u0085",
                                                   "\u00a0",
                                                   "\u1680",
                                                   "\u2003",
                                                   "\u2028",
                                                   "\u2029",
                                                   "\u202f",
                                                   "\u205f",
                                                   "\u3000",
                                                   "\u180e",
                                                   "\u200b",
                                                   "\ufeff",
                                                   "0",
                                                   "1",
                                                   "23",
                                                   "4567",
                                                   "\u00b2",
                                                   "\u00bd",
                                                   "\u2167",
                                                   "\u0663",
                                                   "\U0001d7d8",
                                                   "!",
                                                   "?",
                                                   ".",
                                                   ",",
                                                   "-",
                                                   "(",
                                                   ")",
                                                   "\"",
                                                   "#",
                                                   "/",
                                                   "//",
                                                   "\\",
                                                   "[",
                                                   "]",
                                                   "_",
                                                   "{",
                                                   "}",
                                                   "&",
                                                   "*",
                                                   "@",
                                                   "%",
                                                   ":",
                                                   ";",
                                                   "$",
                                                   "+",
                                                   "<",
                                                   "=",
                                                   ">",
                                                   "^",
                                                   "`",
                                                   "|",
                                                   "~",
                                                   "\u2026",
                                                   "\u3002",
                                                   "\uff0c",
                                                   "\u3001",
                                                   "\u0964",
                                                   "\u06d4",
                                                   "\u060c",
                                                   "\u2014",
                                                   "\u2019",
                                                   "\u2019s",
                                                   "\u20ac",
                                                   "\u00a9",
                                                   "\U0001f600",
                                                   "\u2764\ufe0f",
                                                   "\u00e9",
                                                   "\u00c9",
                                                   "\u01c5",
                                                   "\u02b0",
                                                   "\u00aa",
                                                   "\u4e2d",
                                                   "\u6587",
                                                   "\u9fa5",
                                                   "\u9fa6",
                                                   "\u3042",
                                                   "\u30ab",
                                                   "\u30fb",
                                                   "\u30fc",
                                                   "\uac00",
                                                   "\u0915\u094d\u0937",
                                                   "\u05d0",
                                                   "\u0627\u064b",
                                                   "\u0301",
                                                   "\u0903",
                                                   "\u20dd",
                                                   "e\u0301",
                                                   "\ud7ff",
                                                   "\u07ff",
                                                   "\u0800",
                                                   std::string(1, '\0'),
                                                   "\x01",
                                                   "\x1f",
                                                   "\x7f",
                                                   "\u0378",
                                                   "\ue000",
                                                   "\ufffd",
                                                   "\uffff",
                                                   "\U000e0001",
                                                   "\U0010ffff"};
    if (rng_() % 8 != 0) return parts[rng_() % parts.size()];
    std::string part;
    char32_t c = static_cast<char32_t>(rng_() % (rng_() % 2 == 0 ? 0x3100 : 0x110000));
    if (c >= 0xd800 && c < 0xe000) c = 'x';
    Utf8Append(part, c);
    return part;
  }

  std::mt19937 rng_{20240607};
};

const std::vector<std::vector<std::string_view>>& AllPatterns() {
  static const std::vector<std::vector<std::string_view>> all = [] {
    std::vector<std::vector<std::string_view>> made = {
        {kCl100kJsonPattern},
        {kQwen35Pattern},
        {kDeepseek3Pattern},
        {kSignPattern},
        {kNumbersPattern},
        {kCjkPattern},
        {"'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| "
         "?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s"},
        {"'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"},
        {"'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| "
         "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|"
         "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"}};
    for (const char* name :
         {"gpt-2", "default", "llama-bpe", "qwen2", "gpt-4o", "tekken", "deepseek-v3",
          "deepseek-coder", "falcon", "starcoder", "bloom", "viking"}) {
      made.push_back(FindSplitPatterns(name)->patterns);
    }
    return made;
  }();
  return all;
}

ScannerPtr Find(const std::vector<std::string_view>& patterns) {
  std::vector<ScannerPtr> scanners;
  for (std::string_view pattern : patterns) {
    scanners.push_back(FindScanner(pattern));
    EXPECT_NE(scanners.back(), nullptr) << pattern;
  }
  return ChainScanners(std::move(scanners));
}

TEST(CharClasses, AreTheRegexEngines) {
  const std::pair<std::string_view, uint8_t> classes[] = {{"[\\p{Lu}\\p{Lt}]+", kUpper},
                                                          {"\\p{Ll}+", kLower},
                                                          {"[\\p{Lm}\\p{Lo}]+", kCaseless},
                                                          {"\\p{L}+", kLetter},
                                                          {"\\p{M}+", kMark},
                                                          {"\\p{N}+", kNumber},
                                                          {"\\s+", kSpace},
                                                          {"\\p{P}+", kPunctuation},
                                                          {"\\p{S}+", kSymbol}};
  std::vector<char32_t> codes;  // of the character at each byte
  std::string text;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    Utf8Append(text, c);
    codes.resize(text.size(), c);
  }
  for (const auto& [pattern, bits] : classes) {
    std::vector<Match> parts;
    ASSERT_TRUE(Regex::Matcher(*Compile(pattern)).FindAll(text, parts).ok());
    size_t wrong = 0;
    for (const Match& part : parts) {
      for (char32_t c = codes[part.begin]; c <= codes[part.end - 1]; ++c) {
        if (c >= 0xd800 && c < 0xe000) continue;
        const uint8_t found = c < 0x80 ? kAsciiClasses[c] : ClassesOf(c);
        wrong += ((found & bits) != 0) != part.matched;
      }
    }
    EXPECT_EQ(wrong, 0u) << pattern;
  }
}

TEST(Scanner, CutsWhereThePatternDoes) {
  for (const auto& patterns : AllPatterns()) {
    const ScannerPtr scanner = Find(patterns);
    ASSERT_NE(scanner, nullptr);
    Reference reference(patterns);
    TextMaker maker;
    for (int i = 0; i < 4000; ++i) {
      const std::string text = maker.Make();
      if (text.empty()) continue;
      const auto pieces = ByScanner(*scanner, text);
      ASSERT_EQ(Shown(pieces), Shown(reference.Split(text))) << patterns.back() << "\n"
                                                             << Printable(text);
    }
  }
}

// Long runs cross the scanners' eight-byte steps and the sinks' batches.
TEST(Scanner, CutsLongRunsWhereThePatternDoes) {
  const std::string letters(100, 'a');
  const std::string text = letters + "\u00e9" + letters + " " + letters + letters.substr(0, 5) +
                           "'s" + std::string(9, 'B') + letters.substr(0, 8) +
                           std::string(200, ' ') + "x" + std::string(70, '\n') +
                           std::string(70, ' ') + "1234567" + std::string(70, '!') +
                           letters.substr(0, 7);
  for (const auto& patterns : AllPatterns()) {
    const ScannerPtr scanner = Find(patterns);
    Reference reference(patterns);
    for (size_t end = 0; end <= text.size(); ++end) {
      const std::string_view part = std::string_view(text).substr(0, end);
      if (end == 0 || Utf8IncompleteTail(part) > 0) continue;
      ASSERT_EQ(Shown(ByScanner(*scanner, part)), Shown(reference.Split(part))) << patterns.back();
    }
  }
}

// Anything else would be a hole in the ids, or a read outside the text.
TEST(Scanner, CutsAnyBytesCompletely) {
  std::mt19937 rng(7);
  for (const auto& patterns : AllPatterns()) {
    const ScannerPtr scanner = Find(patterns);
    for (int i = 0; i < 500; ++i) {
      const size_t size = 1 + rng() % 24;
      const std::unique_ptr<char[]> bytes(new char[size]);  // no byte behind it
      for (size_t j = 0; j < size; ++j)
        bytes[j] = static_cast<char>(rng() % 3 == 0 ? 0x80 | rng() % 128 : rng() % 128);
      const std::string_view text(bytes.get(), size);
      size_t done = 0;
      for (std::string_view piece : ByScanner(*scanner, text)) {
        ASSERT_EQ(piece.data(), text.data() + done);
        ASSERT_FALSE(piece.empty());
        done += piece.size();
      }
      ASSERT_EQ(done, text.size());
    }
  }
}

TEST(Scanner, UnknownPatternsHaveNone) {
  EXPECT_EQ(FindScanner("\\p{L}+"), nullptr);
  EXPECT_EQ(FindScanner(""), nullptr);
  EXPECT_EQ(FindScanner(kCl100kPattern), nullptr);  // reads otherwise there
  EXPECT_NE(FindRankFileScanner(kCl100kPattern), nullptr);
  EXPECT_NE(FindRankFileScanner(kQwen2Pattern), nullptr);
}

TEST(Scanner, LongRunsAreLinear) {
  for (const char* part : {"a", " ", "\n", " \n", "1", "!", "\U0001f600", "\u0301", "A", "A\u0301",
                           "\u00aaA", "'", "\x01"}) {
    std::string text;
    while (text.size() < (1u << 20)) text += part;
    for (const auto& patterns : AllPatterns()) {
      size_t bytes = 0;
      for (std::string_view piece : ByScanner(*Find(patterns), text)) bytes += piece.size();
      EXPECT_EQ(bytes, text.size());
    }
  }
}

}  // namespace
}  // namespace pano::tokenizer
