#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/tokenizer/formats/sentencepiece_model.h"

namespace pano::tokenizer::testing {

// The bytes of a SentencePiece model file that says what `model` says; `charsmap`: the bytes of its
// precompiled rules ("" = none).
std::string SentencePieceFile(const SentencePieceModel& model, std::string_view charsmap = {});

// A charsmap of rules for single bytes of text (one each), as the format has it.
std::string SmallCharsmap(const std::vector<std::pair<char, std::string>>& rules);

// <unk> <s> </s>, then `pieces` with falling scores (-1, -2, ...).
SentencePieceModel SmallSentencePiece(SentencePieceModel::Kind kind, const std::vector<std::string>& pieces);

}  // namespace pano::tokenizer::testing
