#include "model/tokenizer/split/scanner.h"

#include <utility>

#include "model/tokenizer/split/char_classes.h"
#include "model/tokenizer/split/run_scanner.h"
#include "model/tokenizer/split/split_patterns.h"
#include "model/tokenizer/split/word_scanners.h"

namespace pano::tokenizer {
namespace {

class Chain : public Scanner {
 public:
  Chain(ScannerPtr first, ScannerPtr second)
      : first_(std::move(first)), second_(std::move(second)) {}

  void Scan(std::string_view text, PieceSink& sink) const override {
    Next next(*second_, sink);
    first_->Scan(text, next);
    next.Flush();
  }

 private:
  class Next : public PieceSink {
   public:
    Next(const Scanner& scanner, PieceSink& sink) : scanner_(scanner), sink_(sink) {}

   private:
    void Take(std::span<const std::string_view> pieces) override {
      for (std::string_view piece : pieces) scanner_.Scan(piece, sink_);
    }
    const Scanner& scanner_;
    PieceSink& sink_;
  };

  const ScannerPtr first_;
  const ScannerPtr second_;
};

// The splits that libraries of rank files write another way than tokenizer.json does.
constexpr std::string_view kGpt2Possessive =
    "'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s";
constexpr std::string_view kGpt2Short =
    "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
constexpr std::string_view kLlama3Short =
    "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|"
    "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+";
constexpr std::string_view kSignRunsPattern = "[!-/:-@\\[-`{-~\\p{P}]+";

ScannerPtr WordScanner(std::string_view pattern) {
  if (pattern == kGpt2Pattern || pattern == kGpt2Possessive || pattern == kGpt2Short)
    return Gpt2Scanner();
  if (pattern == kLlama3Pattern || pattern == kLlama3Short) {
    return Cl100kScanner(Cl100kKind::kThreeDigits);
  }
  if (pattern == kCl100kJsonPattern) return Cl100kScanner(Cl100kKind::kAllSpaceAtEnd);
  if (pattern == kQwen2Pattern) return Cl100kScanner(Cl100kKind::kOneDigit);
  if (pattern == kQwen35Pattern) return Cl100kScanner(Cl100kKind::kMarks);
  if (pattern == kGpt4oPattern) return O200kScanner(O200kKind::kContractions);
  if (pattern == kTekkenPattern) return O200kScanner(O200kKind::kOneDigit);
  if (pattern == kDeepseek3Pattern) return DeepseekScanner();
  return nullptr;
}

std::vector<std::pair<std::string_view, RunScanner::Pattern>> RunPatterns() {
  const CharSet numbers = {kNumber, {}, false};
  const CharSet spaces = {kSpace, {}, false};
  const CharSet digits = {0, {{'0', '9'}}, false};
  const CharSet signs = {kPunctuation,
                         {{'$', '$'}, {'+', '+'}, {'<', '>'}, {'^', '^'}, {'~', '~'}, {'|', '|'}},
                         false};
  CharSet signs_and_ticks = signs;
  signs_and_ticks.ranges.emplace_back('`', '`');
  const CharSet ascii_or_punctuation = {
      kPunctuation, {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}, false};
  CharSet bloom = {kSpace, {}, true};
  for (char32_t c : U"(|.,!?…。，、।۔،)") {
    if (c != 0) bloom.ranges.emplace_back(c, c);
  }
  return {
      {kNumberPattern, {{}, numbers, 1, 1}},
      {kNumbersPattern, {{}, numbers}},
      {kNumbersByThreePattern, {{}, numbers, 1, 3}},
      {kThreeDigitsPattern, {{}, digits, 3, 3}},
      {kCjkPattern, {{}, {0, {{0x4e00, 0x9fa5}, {0x3040, 0x30ff}}, false}}},
      {kWideCjkPattern, {{}, {0, {{0x800, 0x9fa5}, {0xac00, 0xd7ff}}, false}}},
      {kSignsPattern, {{}, signs}},
      {kSignsAndTicksPattern, {{}, signs_and_ticks}},
      {kLinePattern, {{}, {0, {{'\n', '\n'}, {'\r', '\r'}}, false}, 1, 1}},
      {kLettersPattern, {spaces, {kLetter, {}, false}}},
      {kPunctuationPattern, {spaces, {kPunctuation, {}, false}}},
      {kSignPattern, {{}, ascii_or_punctuation, 1, 1}},
      {kSignRunsPattern, {{}, ascii_or_punctuation}},
      {kBloomPattern, {{0, {{' ', ' '}}, false}, bloom}},
  };
}

}  // namespace

ScannerPtr FindScanner(std::string_view pattern) {
  PrepareCharClasses();
  if (ScannerPtr scanner = WordScanner(pattern)) return scanner;
  for (auto& [name, run] : RunPatterns()) {
    if (name == pattern) return std::make_shared<RunScanner>(std::move(run));
  }
  return nullptr;
}

ScannerPtr FindRankFileScanner(std::string_view pattern) {
  return FindScanner(pattern == kCl100kPattern ? kCl100kJsonPattern : pattern);
}

ScannerPtr ChainScanners(std::vector<ScannerPtr> scanners) {
  ScannerPtr chain;
  for (ScannerPtr& scanner : scanners) {
    chain =
        chain ? std::make_shared<Chain>(std::move(chain), std::move(scanner)) : std::move(scanner);
  }
  return chain;
}

}  // namespace pano::tokenizer
