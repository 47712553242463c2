#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace pano::train {

// The character that stands for `byte` in a byte-level vocabulary: printable bytes for themselves, the
// others from U+0100 on, in the order of the bytes ("\u0120" is the space). UTF-8.
std::string ByteCharacter(unsigned char byte);

// Every byte of `bytes` as its character.
std::string ByteLevelText(std::string_view bytes);

// The words of a text as Hugging Face's "ByteLevel" pre-tokenizer cuts them (contractions, a run of
// letters, of digits or of other marks with the space in front of it, white space). The parts are the
// whole text. Corruption when the text is not UTF-8.
Result<std::vector<std::string_view>> SplitWords(std::string_view text);

}  // namespace pano::train
