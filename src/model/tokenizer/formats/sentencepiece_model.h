#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/tokenizer/normalize/sentencepiece_normalizer.h"

namespace pano::tokenizer {

// What a SentencePiece model file says: its pieces and the parts of its trainer and normaliser settings
// that decide about ids and text. (sentencepiece_model.proto; Kudo and Richardson, "SentencePiece",
// EMNLP 2018.)
struct SentencePieceModel {
  // Do not renumber.
  enum class PieceType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };
  enum class Kind { kUnigram = 1, kBpe = 2, kWord = 3, kChar = 4 };
  struct Piece {
    std::string text;
    float score = 0;
    PieceType type = PieceType::kNormal;
  };

  std::vector<Piece> pieces;                             // by id
  Kind kind = Kind::kUnigram;
  bool byte_fallback = false;
  std::string unknown_surface = " \xe2\x81\x87 ";        // what the unknown token decodes to
  std::string bos_piece = "<s>";
  std::string eos_piece = "</s>";
  SentencePieceRules rules;                              // its `verbatim` are the user-defined pieces
};

// Corruption for bytes that are no such file or contradict themselves; Unimplemented, by name, for
// what we do not have (a denormaliser).
Result<SentencePieceModel> ParseSentencePieceModel(std::string_view bytes);

}  // namespace pano::tokenizer
