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
void SplitByFate(std::string_view text, FateOf fate_of, const AddRun& add) {
  size_t begin = 0;     // of the run so far
  CharacterFate run = CharacterFate::kDropped;
  for (size_t pos = 0; pos < text.size();) {
    const Character c = Next(text, pos);
    const CharacterFate fate = fate_of(c.code);
    if (fate != run || fate == CharacterFate::kAlone) {
      if (run != CharacterFate::kDropped) add(begin, pos);
      begin = pos;
      run = fate;
    }
    pos += c.length;
  }
  if (run != CharacterFate::kDropped) add(begin, text.size());
}

// REQUIRES: no character is dropped.
class FateScanner : public Scanner {
 public:
  explicit FateScanner(FateOf fate_of) : fate_of_(fate_of) {}
  void Scan(std::string_view text, PieceSink& sink) const override {
    SplitByFate(text, fate_of_, [&](size_t begin, size_t end) {
      if (begin < end) sink.Add(text.data() + begin, text.data() + end);
    });
  }

 private:
  const FateOf fate_of_;
};

class Fates : public PreTokenizer {
 public:
  Fates(FateOf fate_of, bool drops)
      : fate_of_(fate_of), scanner_(drops ? nullptr : std::make_shared<FateScanner>(fate_of)) {}

  Status Apply(Pieces& pieces) const override {
    std::vector<Pieces::Piece> split;
    split.reserve(pieces.list.size());
    for (const Pieces::Piece& piece : pieces.list) {
      SplitByFate(piece.text, fate_of_, [&](size_t begin, size_t end) { Add(piece, begin, end, split); });
    }
    pieces.list = std::move(split);
    return {};
  }
  ScannerPtr scanner() const override { return scanner_; }

 private:
  const FateOf fate_of_;
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

using F = CharacterFate;

CharacterFate WhitespaceSplitFate(char32_t c) { return IsWhiteSpace(c) ? F::kDropped : F::kWord; }

CharacterFate WhitespaceFate(char32_t c) {
  if (IsWhiteSpace(c)) return F::kDropped;
  return IsWordCharacter(c) ? F::kWord : F::kSecondWord;
}

CharacterFate BertFate(char32_t c) {
  if (IsWhiteSpace(c)) return F::kDropped;
  return IsBertPunctuation(c) ? F::kAlone : F::kWord;
}

CharacterFate DigitFate(char32_t c) { return IsNumber(c) ? F::kAlone : F::kWord; }
CharacterFate NumberFate(char32_t c) { return IsNumber(c) ? F::kSecondWord : F::kWord; }
CharacterFate SignFate(char32_t c) { return IsBertPunctuation(c) ? F::kAlone : F::kWord; }
CharacterFate SignsFate(char32_t c) { return IsBertPunctuation(c) ? F::kSecondWord : F::kWord; }

}  // namespace

PreTokenizerPtr ClassSplit(FateOf fate_of, bool drops) { return std::make_shared<Fates>(fate_of, drops); }

PreTokenizerPtr BertSplit() { return ClassSplit(BertFate, /*drops=*/true); }

PreTokenizerPtr PunctuationSplit(SplitBehavior behavior) {
  if (behavior == SplitBehavior::kIsolated) return ClassSplit(SignFate, /*drops=*/false);
  if (behavior == SplitBehavior::kContiguous) return ClassSplit(SignsFate, /*drops=*/false);
  return std::make_shared<Punctuation>(behavior);
}

Result<PreTokenizerPtr> MakeClassSplit(const std::string& type, const Field& field) {
  if (type == "WhitespaceSplit") return ClassSplit(WhitespaceSplitFate, /*drops=*/true);
  if (type == "Whitespace") return ClassSplit(WhitespaceFate, /*drops=*/true);
  if (type == "BertPreTokenizer") return BertSplit();
  if (type == "UnicodeScripts") return PreTokenizerPtr(std::make_shared<Scripts>());
  if (type == "Digits") {
    PANO_ASSIGN_OR_RETURN(const bool apart, field.BoolOr("individual_digits", false));
    return ClassSplit(apart ? DigitFate : NumberFate, /*drops=*/false);
  }
  return PreTokenizerPtr();
}

}  // namespace pano::tokenizer
