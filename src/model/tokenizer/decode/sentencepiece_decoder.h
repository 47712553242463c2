#pragma once

#include <string>
#include <unordered_map>

#include "model/tokenizer/decode/decoder.h"

namespace pano::tokenizer {

struct SentencePieceText {
  std::unordered_map<std::string, std::string> fixed;   // what control and unknown pieces come out as
  bool bytes = false;                                   // "<0xNN>" is a byte
  bool strip_first = false;                             // drop the space that begins the text
  bool strip_all = false;                               // every space that begins it
};

// How SentencePiece itself puts pieces together: U+2581 is a space; of a run of byte tokens every byte
// that belongs to no character is U+FFFD.
DecoderStepPtr SentencePieceStep(SentencePieceText text);

}  // namespace pano::tokenizer
