#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "model/tokenizer/split/pre_tokenizer.h"
#include "model/tokenizer/split/split.h"
#include "model/tokenizer/text/field.h"

namespace pano::tokenizer {

// The role of a character when a text is split by classes.
enum class SplitClass {
  kDropped,      // it separates pieces and belongs to none
  kAlone,        // a piece of its own
  kWord,         // part of a run of such characters
  kSecondWord,   // part of a run of the second kind
};
using SplitClassOf = SplitClass (*)(char32_t);

// Splits where characters of different roles meet; has a scanner where `drops` is false.
PreTokenizerPtr ClassSplit(SplitClassOf class_of, bool drops);

// The pre-tokenizers of tokenizer.json that ask for classes of characters: WhitespaceSplit, Whitespace,
// BertPreTokenizer, Digits, UnicodeScripts. Null for another type.
Result<PreTokenizerPtr> MakeClassSplit(const std::string& type, const Field& field);

// Words and single punctuation characters.
PreTokenizerPtr BertSplit();

// The "Punctuation" of a tokenizer.json.
PreTokenizerPtr PunctuationSplit(SplitBehavior behavior);

}  // namespace pano::tokenizer
