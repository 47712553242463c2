#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "app/api/failure.h"
#include "app/api/model_version.h"
#include "base/json.h"
#include "model/nn/encoder/encoder.h"

namespace pano::api {

// The instances of a request as an encoder's inputs. A value.
struct Instances {
  // Which rows of the inputs an instance is.
  struct Place {
    std::optional<size_t> text, image;
  };
  std::vector<Place> places;
  encoder::EncoderBatch inputs;  // its outputs are empty
  int64_t tokens = 0;            // in all texts

  // Tokens that one request may hold.
  static constexpr int64_t kTokensMax = 300'000;
};

// Reads and checks them: texts, {"text", "pair"}, {"input_ids" (or "ids"), "attention_mask",
// "token_type_ids"}, each with "decoder_input_ids" where the model has a decoder, {"pixel_values"},
// and a text with an image where the model takes both. Whatever else stands in one is refused by
// name.
Refusal ReadInstances(const ModelVersion& version, const json::Array& items, bool truncate,
                      Instances& instances);

}  // namespace pano::api
