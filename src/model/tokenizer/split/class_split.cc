#include "model/tokenizer/split/class_split.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "model/tokenizer/text/unicode_classes.h"

namespace pano::tokenizer {
namespace {

struct Character {
  char32_t code = 0;
  size_t length = 1;
};

Character Next(std::string_view text, size_t pos) {
  const auto first = static_cast<unsigned char>(text[pos]);
  if (first < 0x80) return {first, 1};
  const size_t length = std::max<size_t>(Utf8Length(text.substr(pos)), 1);
  return {Utf8Decode(text.substr(pos), length), length};
}

void Add(const Pieces::Piece& whole, size_t begin, size_t end, std::vector<Pieces::Piece>& out) {
  if (begin < end) out.push_back({whole.text.substr(begin, end - begin), whole.at_start && begin == 0});
}

// Calls add(begin, end) for each run of `text` that is a piece.
template <typename AddRun>
void SplitByClass(std::string_view text, SplitClassOf class_of, const AddRun& add) {
  size_t begin = 0;     // of the run so far
  SplitClass run = SplitClass::kDropped;
  for (size_t pos = 0; pos < text.size();) {
    const Character c = Next(text, pos);
    const SplitClass split_class = class_of(c.code);
    if (split_class != run || split_class == SplitClass::kAlone) {
      if (run != SplitClass::kDropped) add(begin, pos);
      begin = pos;
      run = split_class;
    }
    pos += c.length;
  }
  if (run != SplitClass::kDropped) add(begin, text.size());
}

// REQUIRES: no character is dropped.
class ClassScanner : public Scanner {
 public:
  explicit ClassScanner(SplitClassOf class_of) : class_of_(class_of) {}
  void Scan(std::string_view text, PieceSink& sink) const override {
    SplitByClass(text, class_of_, [&](size_t begin, size_t end) {
      if (begin < end) sink.Add(text.data() + begin, text.data() + end);
    });
  }

 private:
  const SplitClassOf class_of_;
};

class SplitClasses : public PreTokenizer {
 public:
  SplitClasses(SplitClassOf class_of, bool drops)
      : class_of_(class_of), scanner_(drops ? nullptr : std::make_shared<ClassScanner>(class_of)) {}

  Status Apply(Pieces& pieces) const override {
    std::vector<Pieces::Piece> split;
    split.reserve(pieces.list.size());
    for (const Pieces::Piece& piece : pieces.list) {
      SplitByClass(piece.text, class_of_, [&](size_t begin, size_t end) { Add(piece, begin, end, split); });
    }
    pieces.list = std::move(split);
    return {};
  }
  ScannerPtr scanner() const override { return scanner_; }

 private:
  const SplitClassOf class_of_;
  const ScannerPtr scanner_;   // may be null
};

class Punctuation : public PreTokenizer {
 public:
  explicit Punctuation(SplitBehavior behavior) : behavior_(behavior) {}

  Status Apply(Pieces& pieces) const override {
    std::vector<Pieces::Piece> split;
    std::vector<Match> parts;
    for (const Pieces::Piece& piece : pieces.list) {
      parts.clear();
      for (size_t pos = 0; pos < piece.text.size();) {
        const Character c = Next(piece.text, pos);
        const bool matched = IsBertPunctuation(c.code);
        if (!matched && !parts.empty() && !parts.back().matched) parts.back().end += c.length;
        else parts.push_back({pos, pos + c.length, matched});
        pos += c.length;
      }
      ApplyBehavior(behavior_, parts);
      for (const Match& part : parts) {
        if (!part.matched) Add(piece, part.begin, part.end, split);
      }
    }
    pieces.list = std::move(split);
    return {};
  }

 private:
  const SplitBehavior behavior_;
};

// Splits where the script changes; Japanese's count as one. Spaces belong to what is before them, and
// those that begin a text to nothing, as the reference has it.
class Scripts : public PreTokenizer {
 public:
  Status Apply(Pieces& pieces) const override {
    std::vector<Pieces::Piece> split;
    for (const Pieces::Piece& piece : pieces.list) {
      std::optional<size_t> begin;
      int last = kNoScript;
      for (size_t pos = 0; pos < piece.text.size();) {
        const Character c = Next(piece.text, pos);
        const int script = SplitScriptOf(c.code);
        if (script != kAnyScript) {
          if (script != last) {
            if (begin) Add(piece, *begin, pos, split);
            begin = pos;
          }
          last = script;
        }
        pos += c.length;
      }
      if (begin) Add(piece, *begin, piece.text.size(), split);
    }
    pieces.list = std::move(split);
    return {};
  }

 private:
  static constexpr int kNoScript = -2;
};

using F = SplitClass;

SplitClass WhitespaceSplitClass(char32_t c) { return IsWhiteSpace(c) ? F::kDropped : F::kWord; }

SplitClass WhitespaceClass(char32_t c) {
  if (IsWhiteSpace(c)) return F::kDropped;
  return IsWordCharacter(c) ? F::kWord : F::kSecondWord;
}

SplitClass BertClass(char32_t c) {
  if (IsWhiteSpace(c)) return F::kDropped;
  return IsBertPunctuation(c) ? F::kAlone : F::kWord;
}

SplitClass DigitClass(char32_t c) { return IsNumber(c) ? F::kAlone : F::kWord; }
SplitClass NumberClass(char32_t c) { return IsNumber(c) ? F::kSecondWord : F::kWord; }
SplitClass PunctuationClass(char32_t c) { return IsBertPunctuation(c) ? F::kAlone : F::kWord; }
SplitClass PunctuationRunsClass(char32_t c) { return IsBertPunctuation(c) ? F::kSecondWord : F::kWord; }

}  // namespace

PreTokenizerPtr ClassSplit(SplitClassOf class_of, bool drops) { return std::make_shared<SplitClasses>(class_of, drops); }

PreTokenizerPtr BertSplit() { return ClassSplit(BertClass, /*drops=*/true); }

PreTokenizerPtr PunctuationSplit(SplitBehavior behavior) {
  if (behavior == SplitBehavior::kIsolated) return ClassSplit(PunctuationClass, /*drops=*/false);
  if (behavior == SplitBehavior::kContiguous) return ClassSplit(PunctuationRunsClass, /*drops=*/false);
  return std::make_shared<Punctuation>(behavior);
}

Result<PreTokenizerPtr> MakeClassSplit(const std::string& type, const Field& field) {
  if (type == "WhitespaceSplit") return ClassSplit(WhitespaceSplitClass, /*drops=*/true);
  if (type == "Whitespace") return ClassSplit(WhitespaceClass, /*drops=*/true);
  if (type == "BertPreTokenizer") return BertSplit();
  if (type == "UnicodeScripts") return PreTokenizerPtr(std::make_shared<Scripts>());
  if (type == "Digits") {
    PANO_ASSIGN_OR_RETURN(const bool apart, field.BoolOr("individual_digits", false));
    return ClassSplit(apart ? DigitClass : NumberClass, /*drops=*/false);
  }
  return PreTokenizerPtr();
}

}  // namespace pano::tokenizer
