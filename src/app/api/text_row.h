#pragma once

#include <optional>
#include <string_view>

#include "app/api/failure.h"
#include "app/api/model_version.h"
#include "model/nn/encoder/encoder.h"

namespace pano::api {

// Where a text stands in a request, for refusals: the field, and the place in it.
struct TextPlace {
  std::string_view param;  // "instances"
  std::string_view where;  // "instances[3]"
};

// The refusal that `status` stands for, with the place before its words.
Failure Misfit(const TextPlace& place, const Status& status);

// A text, or two, as a row for an encoder, with the special tokens of the tokenizer file. Longer
// ones than the model takes (a sentence folder may say less) are refused or, if asked for, cut: of
// two the longer first, special tokens stay.
Refusal EncodeRow(const ModelVersion& version, std::string_view text,
                  std::optional<std::string_view> pair, bool truncate, const TextPlace& place,
                  encoder::TextRow& row);

// A row of given ids: checked, and cut at the end if asked for.
Refusal FinishRow(const ModelVersion& version, bool truncate, const TextPlace& place,
                  encoder::TextRow& row);

}  // namespace pano::api
