#pragma once

#include <optional>
#include <string_view>

#include "app/models/predictor.h"
#include "base/status.h"
#include "model/nn/encoder/encoder.h"

namespace pano::models {

// A text, or two, as a row for the version's encoder, with the special tokens of the tokenizer
// file. Longer ones than the model takes (a sentence folder may say less) are refused with the
// reason "context_length_exceeded" or, where `truncate`, cut: of two the longer first, special
// tokens stay. InvalidArgument with the reason "no_tokenizer" where only ids go in.
Status EncodeRow(const Predictor& version, std::string_view text,
                 std::optional<std::string_view> pair, bool truncate, encoder::TextRow& row);

// A row of given ids: checked, and cut at the end where `truncate`.
Status FinishRow(const Predictor& version, bool truncate, encoder::TextRow& row);

}  // namespace pano::models
